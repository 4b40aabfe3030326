#pragma once
#include <boost/unordered/unordered_map.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "consume/checkpoint.h"
#include "consume/commit_note.h"
#include "consume/seen_events.h"
#include "deliver/handler.h"
#include "event/event.h"

namespace hubferry::consume {

// Names a key in commit notes and lanes: FNV-1a (64 bits) with the finaliser of SplitMix64. Two keys with one hash
// share a lane: they wait for each other, nothing else.
std::uint64_t key_hash(std::string_view key);

struct Item {
  Item(event::Record&& of, std::size_t its_bytes) : record(std::move(of)), offset(record.offset), bytes(its_bytes) {}

  event::Record record;
  std::int64_t offset;
  std::size_t bytes;
  std::uint32_t failures = 0;        // attempts spent
  std::uint32_t saved_failures = 0;  // of them known to the broker
  bool at_handler = false;
  bool rejected = false;
  bool abandoned = false;  // at the handler when the partition was given up, and counted as failed
  std::shared_ptr<Item> next;

  // Handed out with a delivery: the item, and so the record, lives until its handler lets go.
  static std::shared_ptr<const event::Record> share(const std::shared_ptr<Item>& item) { return {item, &item->record}; }
};

// Events that must be delivered one after another. The first of them are at the handler, or the first is being
// dead-lettered, or it waits.
struct Lane {
  enum class State {
    kIdle,   // empty
    kReady,  // in Partition::ready
    kAtHandler,
    kWaiting,  // for a time, in the dispatcher's list
    kUnsaved,  // in Partition::unsaved: its failures must be committed before the next attempt
    kBeyond,   // in Partition::beyond: finished, it would not fit into a commit note
    kDying,    // its first event goes to the dead-letter topic
  };
  Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane() {
    while (first != nullptr) first = std::move(first->next);
  }

  std::uint64_t id = 0;
  State state = State::kReady;
  std::shared_ptr<Item> first;
  Item* last = nullptr;
  std::uint32_t size = 0;
  std::uint32_t at_handler = 0;            // the first so many
  std::uint32_t unanswered = 0;            // of them
  std::int64_t failed_offset = INT64_MAX;  // the first of them that is not done
  deliver::Outcome failed_outcome;
};

// Where reading of a partition begins.
struct Start {
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // the first event to be delivered
  CommitNote note;          // of the commit at this offset
  bool committed = true;    // the group has a commit at this offset; otherwise it gets one at once
};

// What is known of one assigned partition: its lanes and its checkpoint. Part of the dispatcher.
struct Partition {
  std::int32_t number = 0;
  std::uint64_t epoch = 0;
  std::int64_t deliver_from = 0;
  Checkpoint checkpoint;
  SeenEvents seen;
  CommitNote restored;  // what is left of the note that reading began with
  static constexpr std::size_t kMostIdleLanes = 4'096;
  boost::unordered_map<std::uint64_t, Lane> lanes;  // std's divides twice for each look-up
  std::size_t idle_lanes = 0;
  std::deque<Lane*> ready;
  std::vector<Lane*> unsaved;
  std::map<std::int64_t, Lane*> beyond;   // by the offset of the first event
  std::map<std::int64_t, Lane*> dying;    // by the offset of the first event
  std::map<std::int64_t, Item*> failing;  // unfinished events with failures
  std::set<std::uint64_t> parked;
  std::optional<std::string>
      dead_letter_trouble;                     // why the dead letter cannot be written; nothing is delivered meanwhile
  std::optional<std::string> parking_trouble;  // why an event that failed for good cannot park its key
  std::size_t events = 0;                      // unfinished
  std::size_t bytes = 0;                       // of them
  std::size_t ready_events = 0;
  std::size_t in_flight = 0;  // events at the handler
  std::size_t letters_at_writer = 0;
  std::int32_t partitions_at_start = 0;
  bool listed = false;  // in the dispatcher's list of partitions with ready lanes
  bool revoking = false;
  bool abandoned = false;  // revoked with work in flight
  bool changed = false;    // since the last commit

  // The lane's first event is finished: takes it away. nullptr: it was the last one. Empty lanes are kept for the next
  // events of their key, up to kMostIdleLanes.
  Lane* finish_first(Lane& lane);
  void append(Lane& lane, std::shared_ptr<Item> item);
  void make_ready(Lane& lane, bool first);
  // The failures of the lane's first event still have to be committed.
  bool must_save(const Lane& lane) const { return lane.first->saved_failures < lane.first->failures; }
  // Whether an event at `offset`, finished before all others, would fit into a commit note.
  bool fits(std::int64_t offset) const;
  // The lanes that fit again become ready.
  void readmit();
  CommitNote note() const;
};

}  // namespace hubferry::consume

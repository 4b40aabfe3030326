#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string_view>

#include "config/settings.h"
#include "event/event.h"
#include "event/origin.h"
#include "kafka/producer.h"
#include "spool/block.h"

namespace hubferry::produce {

// Decides what the producer sends next: takes blocks from the spool in sequence, gives out their records one by one
// with partition and `hf` header, and keeps each block until all its records are acknowledged, because librdkafka reads
// the bytes in place. A state machine: no thread, no I/O, no clock.
//
// Order: records leave in sequence; the producer keeps that order per partition. After reset() everything that was not
// acknowledged is expected to be added again, from the oldest on.
class Pump {
 public:
  struct Options {
    config::Partitioner partitioner = config::Partitioner::kMurmur2;
    std::uint64_t in_flight_bytes = 64ULL << 20;  // blocks held; one block is always allowed
    std::uint64_t seed = 1;                       // of the choice of partitions for events without a key
  };

  explicit Pump(const Options& options) : options_(options), random_(options.seed) {}

  // How many partitions the topic has. Nothing is given out before the first call. `partitions` > 0.
  void set_partition_count(std::int32_t partitions) { partitions_ = partitions; }
  std::int32_t partitions() const { return partitions_; }

  // Whether another block fits.
  bool wants_block() const { return window_.empty() || held_bytes_ < options_.in_flight_bytes; }

  // Blocks come in sequence. Records for which `acknowledged` says so (they were before a restart) are passed over.
  using Acknowledged = std::function<bool(std::uint64_t sequence)>;
  void add_block(std::shared_ptr<const spool::Block> block, Acknowledged acknowledged);

  // The record to send now, valid until sent() or reset(); null when there is none or the partition count is unknown.
  // A record whose bytes cannot be decoded is passed over and named by take_damaged().
  const kafka::Producer::Record* head();
  // The producer took head(): its ticket is the sequence.
  void sent();

  // The broker stored the record. Other sequences than those given out are ignored.
  void acknowledged(std::uint64_t sequence);

  // A record given out and neither acknowledged nor lost to reset(), as its spool holds it.
  struct HeldRecord {
    std::uint64_t source = 0;
    std::string_view frame;
  };
  std::optional<HeldRecord> held(std::uint64_t sequence) const;

  // The producer is gone with all it held.
  void reset();

  // The sequence of a record that could not be decoded, once each; it was never sent and still waits for
  // acknowledged().
  std::optional<std::uint64_t> take_damaged();

  std::uint64_t unacknowledged() const { return unacknowledged_; }

 private:
  struct Held {
    std::shared_ptr<const spool::Block> block;  // let go as soon as nothing of it is outstanding
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t outstanding = 0;
    std::size_t bytes = 0;
    Acknowledged acknowledged;
  };

  void start_block(const Held& held);
  bool prepare(const Held& held);
  std::int32_t choose_partition(const event::OutboundEvent& event);
  void settle_one(Held& held);
  void trim();
  const Held* find(std::uint64_t sequence) const;

  Options options_;
  std::mt19937_64 random_;
  std::int32_t partitions_ = 0;
  std::deque<Held> window_;     // in sequence; the front is the oldest with something outstanding
  std::size_t reading_ = 0;     // index in window_ of the block that cursor_ walks
  spool::RecordCursor cursor_;  // valid while reading_ < window_.size() and started_
  bool started_ = false;
  std::uint64_t held_bytes_ = 0;
  std::uint64_t unacknowledged_ = 0;
  std::int32_t sticky_partition_ = 0;
  std::deque<std::uint64_t> damaged_;

  event::OutboundEvent event_;
  std::array<char, event::kOriginSize> origin_{};
  kafka::Producer::Record record_;
  bool prepared_ = false;
};

}  // namespace hubferry::produce

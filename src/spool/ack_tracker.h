#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "spool/format.h"

namespace hubferry::spool {

// Which records were acknowledged, in any order: a low-water mark, and above it one bit for each record of the blocks
// that are in flight. Sequences that no block holds (lost, or never durable) are passed over. Pure: no I/O, no clock,
// no threads. acknowledge() is a binary search over the blocks in flight, and usually hits the block it hit before.
class AckTracker {
 public:
  struct Place {
    std::uint64_t segment = 0;  // its first sequence
    std::uint64_t end = 0;      // offset behind the block
    std::int64_t written_ms = -1;
  };

  // `acknowledged` are the ranges above the low-water mark known from before a restart, rising.
  explicit AckTracker(std::uint64_t low_water = 0, std::vector<SequenceRange> acknowledged = {});

  // A block that was read: behind all others, or known already. Returns how many of its records still wait.
  std::uint64_t add(const SequenceRange& block, const Place& place);
  // These whole blocks will not be delivered: nothing waits for them any more, though ranges() does not call them
  // acknowledged, for a restart may find them readable. Returns how many records still waited.
  std::uint64_t give_up(const SequenceRange& blocks, const Place& place);
  // True: for the first time.
  bool acknowledge(std::uint64_t sequence);
  // Moves the low-water mark over the first block in flight if nothing of it waits, and forgets it.
  std::optional<Place> pop_settled();
  // Everything up to `low_water` is settled, and no block in flight holds any of it.
  void raise(std::uint64_t low_water);

  std::uint64_t low_water() const { return low_water_; }
  bool contains(std::uint64_t sequence) const;
  // Written when the oldest block in flight was; nothing in flight: -1.
  std::int64_t oldest_ms() const { return entries_.empty() ? -1 : entries_.front().place.written_ms; }
  // What is acknowledged above the low-water mark, rising; the nearest `limit` ranges.
  std::vector<SequenceRange> ranges(std::size_t limit) const;

 private:
  struct Entry {
    SequenceRange range;
    std::uint64_t waiting = 0;
    Place place;
    std::vector<std::uint64_t> bits;  // empty while nothing or everything is acknowledged
    bool given_up = false;

    bool has(std::uint64_t sequence) const;
    bool set(std::uint64_t sequence);
  };

  const Entry* find(std::uint64_t sequence) const;
  Entry* find(std::uint64_t sequence) { return const_cast<Entry*>(std::as_const(*this).find(sequence)); }
  std::uint64_t last_in_flight() const { return entries_.empty() ? low_water_ : entries_.back().range.last; }
  std::uint64_t restored_in(const SequenceRange& range) const;
  void set_restored(Entry& entry) const;

  std::uint64_t low_water_;
  std::vector<SequenceRange> restored_;
  std::deque<Entry> entries_;
  std::uint64_t popped_ = 0;        // entries forgotten so far
  mutable std::uint64_t hint_ = 0;  // number of the entry hit last, counted from the first one ever
};

}  // namespace hubferry::spool

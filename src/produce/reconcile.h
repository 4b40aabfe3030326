#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "event/origin.h"
#include "produce/tails.h"

namespace hubferry::produce {

// Finds out which records of a spool landed in the topic although nobody knows of an acknowledgement, before they are
// sent again. A state machine: no thread, no I/O, no clock.
//
// It reads every partition from its tail to its end. The requests of the producer before may still arrive (they sit in
// a broker's socket, or wait there for a throttled connection), so the ends are asked for when nothing of the own
// sources has arrived for the settling time. What arrives later than that cannot be told from what was never sent: it
// is sent again, and known as a resend by its header. Records of others are passed over and delay nothing.
class Reconcile {
 public:
  struct Options {
    Milliseconds settle{2'000};
    std::uint64_t max_records = 10'000'000;  // read at most
    Milliseconds held_back{0};               // so long a throttled connection may hold requests back; settling follows
  };
  enum class Need {
    kRecords,     // go on reading
    kEndOffsets,  // of all partitions, asked for now: ends()
    kNothing,     // landed() is complete
    kTooMuch,     // more than max_records: landed() is what was found
  };
  struct Landed {
    std::uint64_t sequence = 0;
    std::int32_t partition = 0;
    std::int64_t offset = 0;

    bool operator==(const Landed&) const = default;
  };

  // `tails` is complete and `ends` are the end offsets asked for at `now`, of the same partitions. `sources` are those
  // of the spool.
  Reconcile(const Options& options, const Tails& tails, const std::vector<std::int64_t>& ends,
            std::vector<std::uint64_t> sources, Instant now);

  // Where to read a partition from; nothing: there is nothing behind its tail yet.
  std::int64_t start_of(std::int32_t partition) const { return starts_[static_cast<std::size_t>(partition)]; }

  void record(std::int32_t partition, std::int64_t offset, const std::optional<event::Origin>& origin, Instant now);
  void end(std::int32_t partition, std::int64_t offset);
  void ends(const std::vector<std::int64_t>& ends, Instant now);

  Need need(Instant now) const;
  std::uint64_t records() const { return records_; }

  // By source, rising sequences, each once. Ends the reading.
  std::map<std::uint64_t, std::vector<Landed>> take_landed();

 private:
  bool reached() const;

  Options options_;
  std::vector<std::uint64_t> sources_;   // sorted
  std::vector<std::int64_t> starts_;     // by partition
  std::vector<std::int64_t> positions_;  // by partition: everything below was read
  std::vector<std::int64_t> ends_;       // by partition, as asked for last
  Instant settled_at_;
  Instant asked_at_;
  std::uint64_t records_ = 0;
  std::map<std::uint64_t, std::vector<Landed>> landed_;
};

}  // namespace hubferry::produce

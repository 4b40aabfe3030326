#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "kafka/consumer.h"

namespace hubferry::consume {

// Finds out what no error tells: from look-ups of the partitions' positions, made every kLookUpInterval. Pure; one
// thread.
class GroupWatch {
 public:
  // `standstill`: without statistics for so long the client's main thread does not live.
  explicit GroupWatch(Milliseconds standstill) : standstill_(standstill) {}

  static constexpr Milliseconds kLookUpInterval{30'000};
  static constexpr Milliseconds kRejoinAfter{300'000};

  struct Assigned {
    std::int32_t partition = 0;
    std::int64_t position = 0;    // everything below is finished
    std::int64_t next_fetch = 0;  // one above the last record fetched
    bool has_room = false;        // more could be fetched
  };
  struct Findings {
    std::int64_t lag = 0;  // events of the assigned partitions that are not finished
    std::vector<std::int32_t>
        starved;  // there is more to fetch and room for it, but nothing came since the last look-up
    // The next event is among the oldest fifth of what retention has left, or older than four fifths of retention.ms.
    std::vector<std::int32_t> near_retention;
    bool rejoin = false;  // no partition for this member, events wait, and nobody moves a checkpoint
  };

  Findings look(const std::vector<kafka::PartitionPosition>& positions, const std::vector<Assigned>& assigned,
                Instant now);

  // The client's main thread lives: it sent statistics.
  void statistics(Instant now) { last_statistics_ = now; }
  bool stands_still(Instant now) const { return last_statistics_ && now - *last_statistics_ > standstill_; }
  void new_client() {
    last_statistics_.reset();
    idle_since_.reset();
    next_fetch_.clear();
  }

 private:
  bool nobody_reads(const std::vector<kafka::PartitionPosition>& positions, Instant now);

  Milliseconds standstill_;
  std::optional<Instant> last_statistics_;
  std::map<std::int32_t, std::int64_t> next_fetch_;  // at the last look-up, of partitions with more to fetch
  std::optional<Instant> idle_since_;                // without partitions, with lag, and with these commits:
  std::vector<std::int64_t> commits_;
};

}  // namespace hubferry::consume

#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace hubferry::spool {

// What the produce road of one route tells its ingest: how many partitions the topic has, and where the broker stored
// an event somebody waits for (?ack=broker). All calls from any thread.
class Feedback {
 public:
  struct Stored {
    std::int32_t partition = 0;
    std::int64_t offset = -1;  // -1: known to be stored, the offset is not
  };
  // All events of a request, in their order; empty: the deadline passed first. Called once, without a lock held, on the
  // thread of acknowledged(), expire() or watch(); must not block.
  using Done = std::function<void(std::vector<Stored>)>;

  // 0: not known yet.
  std::int32_t partitions() const { return partitions_; }
  void set_partitions(std::int32_t count) { partitions_ = count; }

  // Before the events are handed to the spool, so that an acknowledgement which overtakes watch() is not missed. Each
  // announce() is followed by one watch() or one withdraw(); watches come in rising sequence, as the spool gives
  // receipts.
  void announce();
  void withdraw();
  void watch(std::uint64_t first, std::uint64_t last, Instant deadline, Done done);

  // By the produce road. Cheap while nobody waits.
  void acknowledged(std::uint64_t sequence, Stored stored);
  void expire(Instant now);

 private:
  struct Watch {
    std::uint64_t first = 0;
    std::size_t missing = 0;
    Instant deadline;
    std::vector<Stored> stored;
    Done done;
  };

  std::atomic<std::int32_t> partitions_{0};
  std::atomic<std::uint32_t> waiting_{0};            // announced or watching
  std::mutex mutex_;                                 // guards what follows
  std::uint32_t announced_ = 0;                      // and not yet watched or withdrawn
  std::unordered_map<std::uint64_t, Stored> early_;  // acknowledged while something was announced
  std::size_t early_limit_ = 4096;                   // above it those before the latest watch are dropped
  std::map<std::uint64_t, Watch> watches_;           // by last sequence
};

}  // namespace hubferry::spool

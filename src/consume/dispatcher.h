#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "consume/checkpoint.h"
#include "deliver/handler.h"
#include "event/event.h"
#include "kafka/group_consumer.h"

namespace hubferry::consume {

// Names one delivery. The epoch is that of the assignment: an answer for work of an old assignment changes nothing.
struct WorkId {
  std::int32_t partition = 0;
  std::uint64_t epoch = 0;
  std::int64_t offset = 0;
};

struct Delivery {
  WorkId id;
  std::uint32_t attempt = 1;
  std::shared_ptr<const event::Record> record;
};

struct Commit {
  std::uint64_t token = 0;
  std::vector<kafka::PartitionOffset> offsets;
};

// Decides what a consume route does next: which event is delivered when, which offsets are committed, and when a
// partition may be handed over. A state machine without thread, I/O or clock: it is fed inputs with the time and asked
// for actions.
//
// Order: strict inside a partition: the next event is delivered only after the one before it was done; a failed one is
// retried with backoff for ever. Partitions are independent. (Here key parallelism comes in: a partition then has a
// lane a key instead of one.) Checkpoint: only done events are below a committed offset. One commit at a time, at most
// one a second per partition. Revoke: dispatching stops at once, work in flight may end until the deadline, what was
// done is committed and awaited, then the partitions are let go. Nothing but the revoked partitions is committed
// meanwhile (a commit during a cooperative rebalance can cost the assignment before librdkafka 2.10).
class Dispatcher {
 public:
  struct Options {
    Milliseconds retry_initial{1'000};
    Milliseconds retry_max{30'000};
    Milliseconds revoke_deadline{5'000};
    Milliseconds commit_interval{1'000};
    std::uint32_t buffer_events = 1'000;  // per partition
    std::uint64_t seed = 1;
  };

  explicit Dispatcher(const Options& options)
      : options_(options), retry_backoff_(options.retry_initial, options.retry_max, options.seed) {}

  // ---- inputs
  void assign(const std::vector<std::int32_t>& partitions);
  // `lost`: nothing can be committed any more, the partitions are given up at once.
  void revoke(const std::vector<std::int32_t>& partitions, bool lost, Instant now);
  // Everything is given up without a commit: the consumer is gone.
  void reset();
  void add(event::Record record);
  void finished(const WorkId& id, const deliver::Outcome& outcome, Instant now);
  void committed(std::uint64_t token, bool ok);
  // From now on nothing new is delivered; revoke() of everything follows when the group is left, and its work in flight
  // may end until `deadline` at most.
  void stop(Instant deadline) {
    stopping_ = true;
    stop_deadline_ = deadline;
  }

  // ---- actions
  // How many more records of the partition may be fetched; 0 for one that is not assigned or being revoked.
  std::size_t room(std::int32_t partition) const;
  std::optional<Delivery> next_delivery(Instant now);
  std::optional<Commit> next_commit(Instant now);
  // True once when a revoke may be completed: everything of it is settled. The partitions are forgotten.
  bool take_revoke_done(Instant now);
  // When an action may become due without an input.
  std::optional<Instant> next_due() const;

  // ---- state
  std::vector<std::int32_t> assignment() const;
  std::size_t in_flight() const { return in_flight_; }
  std::size_t buffered() const;

 private:
  struct Item {
    std::shared_ptr<const event::Record> record;
    std::uint32_t failures = 0;  // attempts spent
    std::uint32_t waits = 0;     // unavailable answers in a row
  };
  struct Partition {
    std::uint64_t epoch = 0;
    std::deque<Item> queue;  // the front is delivered next or in flight
    bool in_flight = false;
    bool revoking = false;
    Instant not_before{};
    Checkpoint checkpoint;
    std::int64_t committed = -1;
    std::optional<Instant> last_commit;
  };
  struct OutstandingCommit {
    std::uint64_t token = 0;
    std::map<std::int32_t, std::pair<std::uint64_t, std::int64_t>> offsets;  // partition -> epoch, offset
  };

  bool commit_due(const Partition& partition, Instant now) const;
  Partition* find(const WorkId& id);
  bool settled(const Partition& partition, Instant now) const;
  void forget_revoked();

  Options options_;
  Backoff retry_backoff_;
  std::map<std::int32_t, Partition> partitions_;
  std::optional<OutstandingCommit> outstanding_;
  std::uint64_t next_epoch_ = 1;
  std::uint64_t next_token_ = 1;
  std::size_t in_flight_ = 0;
  std::int32_t last_served_ = -1;  // partitions take turns
  bool stopping_ = false;
  bool revoke_pending_ = false;
  Instant revoke_deadline_{};
  Instant stop_deadline_ = Instant::max();
};

}  // namespace hubferry::consume

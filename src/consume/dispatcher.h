#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/circuit.h"
#include "base/clock.h"
#include "consume/partition_work.h"
#include "consume/token_bucket.h"
#include "deliver/dead_letter.h"
#include "deliver/handler.h"
#include "event/event.h"
#include "kafka/consumer.h"

namespace hubferry::consume {

struct Commit {
  std::uint64_t token = 0;
  std::vector<kafka::PartitionOffset> offsets;
};

// Decides what a consume route does next: which events are delivered when, which go to the dead-letter topic, which
// offsets are committed, and when a partition may be handed over. A state machine without thread, I/O or clock: it is
// fed inputs with the time and asked for actions. The cost of an event depends neither on the number of keys nor on
// that of events in flight.
//
// Order: events of a lane (a key, a partition, or the event alone) are delivered one after another; with a handler that
// takes batches the first ones of a lane go into one batch. A failed event is retried with backoff, its lane waits;
// before the retry the count of failures is committed, so that it survives a crash. After the last attempt, or when the
// handler rejects the event, it goes to the dead-letter topic and counts as finished once that has it; without such a
// topic it is tried for ever. A handler that is not available costs no attempts: the route waits.
// Checkpoint: only finished events are below a committed offset; what is finished above it goes along as a CommitNote,
// and what would not fit into one is not delivered yet. One commit at a time, one a second.
// Breaker: the permit says what may be delivered, and which of the events that failed for good may go to the
// dead-letter topic. The others wait; when the breaker closes after an opening they get their attempts anew, because it
// was the handler that failed and not they. Revoke: dispatching stops at once, work in flight may end until the
// deadline, what was done is committed and awaited, then the partitions are let go. A delivery that did not end in time
// counts as a failed one, but never as the last. Nothing but the revoked partitions is committed meanwhile (a commit
// during a cooperative rebalance can cost the assignment before librdkafka 2.10).
class Dispatcher {
 public:
  struct Options {
    std::string route;
    config::Order order = config::Order::kKey;
    std::uint32_t concurrency = 64;  // batches at the handler
    deliver::BatchLimits batch;
    std::uint32_t rate_limit = 0;      // events a second; 0: none
    std::uint32_t retry_attempts = 3;  // 0: for ever
    Milliseconds retry_initial{1'000};
    Milliseconds retry_max{30'000};
    bool dead_letter = false;  // there is a dead-letter topic
    bool parked_keys = false;
    bool skip_resends = true;
    Milliseconds revoke_deadline{5'000};
    Milliseconds commit_interval{1'000};
    std::uint32_t buffer_events = 1'000;  // per partition
    std::uint64_t buffer_bytes = UINT64_MAX;
    std::uint64_t seed = 1;
  };
  struct Statistics {
    std::uint64_t resends_skipped = 0;
    std::uint64_t repeats_avoided = 0;  // finished before the assignment, as the commit note said
  };

  explicit Dispatcher(const Options& options);

  // ---- inputs
  void assign(const std::vector<Start>& starts);
  // `lost`: nothing can be committed any more, the partitions are given up at once.
  void revoke(const std::vector<std::int32_t>& partitions, bool lost, Instant now);
  // Everything is given up without a commit: the consumer is gone, and every delivery was answered.
  void reset();
  // Records of a partition come in their order, from any offset before Start::offset on: those before it only show
  // which events were seen.
  void add(event::Record&& record, Instant now);
  void answered(const deliver::WorkId& id, deliver::Outcome outcome, Instant now);
  void dead_letter_written(const deliver::WorkId& id, const Status& status, Instant now);
  void committed(std::uint64_t token, bool ok, Instant now);
  // What the breaker allows from now on.
  void permit(const Permit& permit, Instant now);
  // Nothing is delivered until resume(); all else goes on.
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }
  // From now on nothing new is delivered; revoke() of everything follows when the group is left, and its work in flight
  // may end until `deadline` at most.
  void stop(Instant deadline) {
    stopping_ = true;
    stop_deadline_ = deadline;
  }

  // ---- actions
  // How many more records of the partition may be fetched; 0 for one that is not assigned or being revoked.
  std::size_t room(std::int32_t partition) const;
  // Events for the handler, in one request; empty: nothing now.
  std::vector<deliver::Delivery> next_batch(Instant now);
  std::optional<deliver::DeadLetter> next_dead_letter();
  std::optional<Commit> next_commit(Instant now);
  // True once when a revoke may be completed: everything of it is settled. The partitions are forgotten.
  bool take_revoke_done(Instant now);
  // When an action may become due without an input.
  std::optional<Instant> next_due() const;

  // ---- state
  // What happened since the last call, and how things stand, for the breaker; without lag.
  RouteTally take_tally();
  const Permit& permit() const { return permit_; }
  std::vector<std::int32_t> assignment() const;
  std::size_t in_flight() const { return in_flight_; }
  std::size_t buffered() const;
  bool paused() const { return paused_; }
  // Everything below it is finished; -1: not assigned.
  std::int64_t position(std::int32_t partition) const;
  // Since when, in a row, the handler was not available.
  std::optional<Instant> unavailable_since() const { return unavailable_since_; }
  // Why a partition waits for its dead-letter topic; the first one found.
  std::optional<std::string> dead_letter_trouble() const;
  std::size_t parked_keys() const;
  const Statistics& statistics() const { return statistics_; }

 private:
  // A lane that waits for a time. Its partition may be gone then.
  struct Waiting {
    std::int32_t partition = 0;
    std::uint64_t epoch = 0;
    std::uint64_t lane = 0;
  };
  // A delivery at the handler; answered once whatever became of its partition.
  struct Slot {
    Partition* partition = nullptr;  // nullptr: it is gone
    Lane* lane = nullptr;
    Item* item = nullptr;
    std::uint32_t batch = 0;
    std::uint64_t serial = 0;  // of the batch
  };
  struct Letter {
    deliver::DeadLetter letter;
    std::uint64_t number = 0;  // of the final failure; 0: it is none of this instance
  };
  struct OutstandingCommit {
    struct Part {
      std::uint64_t epoch = 0;
      std::map<std::int64_t, std::uint32_t> failures;
    };
    std::uint64_t token = 0;
    std::map<std::int32_t, Part> partitions;
  };

  bool keeps_count() const { return options_.dead_letter && options_.retry_attempts != 0; }
  std::uint32_t most_batches() const { return unavailable_since_ ? 1 : options_.concurrency; }
  Partition* find(const deliver::WorkId& id);

  // Taking in.
  bool finished_before(Partition& partition, const event::Record& record);
  void restore_failures(Partition& partition, Item& item);
  Lane& lane_of(Partition& partition, const event::Record& record) const;

  // Delivering.
  bool may_deliver(Instant now);
  bool batch_is_full(Instant now) const;
  void admit_due(Instant now);
  std::vector<deliver::Delivery> next_probe(Instant now);
  bool may_probe() const;
  std::int32_t candidate() const;
  void list(Partition& partition, Instant now);
  bool divert(Partition& partition, Lane& lane, Instant now);
  std::optional<std::string> why_dead(Partition& partition, const Item& item) const;
  void take(Partition& partition, Lane& lane, std::size_t most_events, std::uint64_t& bytes,
            std::vector<deliver::Delivery>& batch);
  std::uint32_t new_slot(Partition& partition, Lane& lane, Item& item);
  std::uint32_t new_batch();

  // After the handler.
  void count_failure(Partition& partition, Item& item, deliver::Verdict verdict);
  void settle(Partition& partition, Lane& lane, Instant now);
  void failed(Partition& partition, Lane& lane, Instant now);
  void wait_for_handler(const deliver::Outcome& outcome, std::uint64_t serial, Instant now);
  void wait(const Partition& partition, Lane& lane, Instant until);
  void count_final(const Item& item, const std::string& reason, Instant now);
  void judge_probe(const Slot& slot, const deliver::Outcome& outcome);
  void die(Partition& partition, Lane& lane, std::string reason, Instant now, std::uint64_t number = 0);
  bool may_die(const Letter& letter) const;
  bool awaits_letters(const Partition& partition) const;
  void forgive(Instant now);
  bool has_failed_for_good(const Item& item) const;
  static void pardon(Partition& partition, std::map<std::int64_t, Item*>::iterator failing);
  Lane* finish_first(Partition& partition, Lane& lane);
  void go_on(Partition& partition, Lane* lane, Instant now);

  // Commits.
  bool commit_due(const Partition& partition, Instant now) const;
  bool settled(const Partition& partition, Instant now) const;
  void abandon(Partition& partition);
  void saved(Partition& partition, const std::map<std::int64_t, std::uint32_t>& failures, Instant now);
  void forget(std::map<std::int32_t, Partition>::iterator partition);

  Options options_;
  Backoff retry_backoff_;
  TokenBucket bucket_;
  std::map<std::int32_t, Partition> partitions_;
  std::deque<Partition*> ready_;  // those with ready lanes, in turns
  std::multimap<Instant, Waiting> waiting_;
  std::deque<Letter> dead_letters_;  // to be written
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> batches_;  // unanswered events of each batch at the handler
  std::vector<std::uint32_t> free_batches_;
  std::uint64_t serial_ = 0;
  std::size_t batches_in_flight_ = 0;
  std::size_t in_flight_ = 0;  // events
  std::size_t bytes_ = 0;      // of all partitions
  Instant ready_since_{};      // when the first of the ready events became so, or the last batch was taken
  std::optional<OutstandingCommit> outstanding_;
  std::optional<Instant> last_commit_;
  std::uint64_t next_epoch_ = 1;
  std::uint64_t next_token_ = 1;
  std::optional<Instant> unavailable_since_;
  Instant unavailable_until_{};
  std::uint32_t unavailable_answers_ = 0;
  std::uint64_t unavailable_serial_ = 0;  // batches before it do not show that the handler is available again
  Statistics statistics_;
  Permit permit_;
  RouteTally tally_;                // with what is known of it at any time: finals and the probe
  std::uint64_t probe_serial_ = 0;  // batches before it do not belong to the probe
  bool paused_ = false;
  bool stopping_ = false;
  bool revoke_pending_ = false;
  Instant revoke_deadline_{};
  Instant stop_deadline_ = Instant::max();
};

}  // namespace hubferry::consume

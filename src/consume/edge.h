#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/circuit.h"
#include "consume/consume_road.h"
#include "consume/dispatcher.h"
#include "consume/group_watch.h"
#include "consume/route_report.h"
#include "deliver/dead_letter.h"
#include "deliver/handler.h"
#include "kafka/consumer.h"

namespace hubferry::consume {

// The thread of a consume route: owns the consumer and the dispatcher, and carries inputs in and actions out.
//
// An assignment is completed in two steps: the brokers are asked where its partitions stand, then reading begins where
// the StartPlan says. A consumer with a fatal error is given up with everything that came from it, and a new one begins
// at the checkpoint.
class ConsumeRoad::Edge final : private kafka::Consumer::Listener,
                                private deliver::Answers,
                                private deliver::DeadLetterAnswers {
 public:
  Edge(const config::ConsumeRoute& route, Connections connections, Circuit* circuit, observe::Metrics& metrics,
       observe::Health& health);
  ~Edge() override;

  Status open();
  void run();
  void request_stop(Instant deadline);
  void set_paused(bool paused);
  bool paused() const { return paused_; }
  const std::string& name() const { return route_.name; }

 private:
  struct Answer {
    deliver::WorkId id;
    deliver::Outcome outcome;
  };
  using DeadLetterAnswer = std::pair<deliver::WorkId, Status>;

  // The loop.
  void step(Instant now);
  void begin_close(Instant now);
  Milliseconds poll_timeout(Instant now) const;
  void obey_pause();
  void obey_breaker(Instant now);
  void tell_breaker();
  void take_answers(Instant now);
  void fetch(Instant now);
  void dispatch(Instant now);
  void report(Instant now);
  std::optional<std::string> current_trouble(Instant now) const;

  // The consumer's life.
  Status create_consumer();
  Status open_receivers();
  void close_receivers();
  bool rebuild(Instant now);
  void give_up_consumer(Instant now);

  // The group.
  void begin_reading(const std::vector<kafka::PartitionPosition>& positions);
  void look_around(const std::vector<kafka::PartitionPosition>& positions);
  void ask_positions(Instant now);
  void complete_revoke();
  void log_assignment(const char* what, const std::vector<std::int32_t>& partitions);
  void on_assign(const std::vector<std::int32_t>& partitions) override;
  void on_revoke(const std::vector<std::int32_t>& partitions, bool lost) override;
  void on_looked_up(Result<std::vector<kafka::PartitionPosition>> positions) override;
  void on_committed(std::uint64_t token, const Status& status) override;
  void on_error(const Error& error) override;
  void on_statistics(std::uint32_t brokers_up) override;

  // By the handler's and the dead-letter writer's threads.
  void answered(const deliver::WorkId& id, deliver::Outcome outcome) override;
  void all_done(std::span<const deliver::WorkId> ids) override;
  void dead_letter_written(const deliver::WorkId& id, Status status) override;
  void wake_once();

  const config::ConsumeRoute route_;
  const Connections connections_;
  Circuit* const circuit_;              // nullptr: the route has no breaker
  const Milliseconds complaint_lasts_;  // a complaint is repeated as long as it is true
  RouteReport report_;
  GroupWatch watch_;
  Backoff rebuild_backoff_;
  Backoff look_up_backoff_;
  std::optional<Dispatcher> dispatcher_;

  // Owned by the thread.
  std::vector<event::Record> fetched_;
  std::vector<Answer> taken_;
  std::vector<deliver::WorkId> done_taken_;
  std::vector<DeadLetterAnswer> dead_letters_taken_;
  std::map<std::int32_t, std::int64_t> next_fetch_;     // of each assigned partition
  std::optional<std::vector<std::int32_t>> assigning_;  // told, not yet completed
  std::vector<std::int32_t> revoked_;
  Instant look_up_at_{};
  bool looking_up_ = false;
  std::uint32_t incomplete_look_ups_ = 0;
  bool more_to_fetch_ = false;
  std::int64_t lag_ = -1;
  bool closing_ = false;
  bool finished_ = false;
  bool joined_ = false;
  std::optional<bool> reachable_;
  Instant rebuild_at_{};
  Instant report_at_{};
  std::optional<std::string> fatal_;
  std::optional<std::string> client_trouble_;
  std::optional<std::pair<std::string, Instant>> complaint_;  // of the client, and until when it is shown

  std::atomic<bool> stop_requested_ = false;
  std::atomic<Instant> stop_deadline_{Instant::max()};
  std::atomic<bool> paused_ = false;

  std::mutex mutex_;  // guards the answers, wake_pending_ and the pointer consumer_ for other threads
  std::condition_variable stop_or_wait_;
  std::vector<Answer> answers_;
  std::vector<deliver::WorkId> done_;  // answers as well, without anything to tell
  std::vector<DeadLetterAnswer> dead_letter_answers_;
  bool wake_pending_ = false;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::unique_ptr<deliver::DeadLetterWriter> dead_letter_writer_;  // the last ones: their answers use all of the above
  std::unique_ptr<deliver::Handler> handler_;
};

}  // namespace hubferry::consume

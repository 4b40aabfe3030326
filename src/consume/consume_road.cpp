#include "consume/consume_road.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/ids.h"
#include "base/thread.h"
#include "consume/dispatcher.h"
#include "deliver/handler.h"
#include "kafka/group_consumer.h"
#include "observe/outage.h"

namespace hubferry::consume {
namespace {

constexpr Milliseconds kLongestPoll{200};
constexpr Milliseconds kReportInterval{250};
// Leaving the group may take a round trip to the broker after the deadline for work in flight.
constexpr Milliseconds kLeaveGrace{2'000};
constexpr std::size_t kFetchAtOnce = 256;

std::string listed(const std::vector<std::int32_t>& partitions) {
  std::string text = "[";
  for (const std::int32_t partition : partitions) {
    if (text.size() > 1) text += ',';
    text += std::to_string(partition);
  }
  return text + "]";
}

}  // namespace

class ConsumeRoad::Edge final : private kafka::GroupConsumer::Listener {
 public:
  Edge(const config::ConsumeRoute& route, const config::KafkaProperties& properties, observe::Metrics& metrics,
       observe::Health& health)
      : route_(route),
        part_("consume." + route.name),
        properties_(properties),
        health_(health),
        dispatcher_(options(route)),
        rebuild_backoff_(Milliseconds(1'000), Milliseconds(30'000), random_id()),
        delivered_(metrics.counter("hubferry_events_delivered_total", "Events the handler finished.", labels())),
        failures_(metrics.counter("hubferry_delivery_failures_total", "Attempts that failed.", labels())),
        unavailable_(metrics.counter("hubferry_handler_unavailable_total",
                                     "Deliveries put off because the handler was not available.", labels())),
        commits_(metrics.counter("hubferry_commits_total", "Checkpoints committed.", labels())),
        commit_failures_(metrics.counter("hubferry_commit_failures_total", "Commits the broker refused.", labels())),
        partitions_(metrics.gauge("hubferry_assigned_partitions", "Partitions this instance reads.", labels())),
        buffered_(metrics.gauge("hubferry_consume_buffered_events", "Events fetched and not finished.", labels())),
        in_flight_(metrics.gauge("hubferry_consume_in_flight_events", "Events at the handler.", labels())) {}

  Status open() {
    auto handler = deliver::make_handler(route_);
    if (!handler) return tl::make_unexpected(handler.error());
    handler_ = std::move(*handler);
    return create_consumer();
  }

  void run() {
    name_thread("consume");
    while (!finished_) {
      step(SteadyClock::now());
    }
    // Records in flight belong to the handler; they must be gone before the client they came from.
    handler_.reset();
    results_.clear();
    dispatcher_.reset();
    consumer_.reset();
  }

  void request_stop(Instant deadline) {
    const std::lock_guard lock(mutex_);
    if (stop_requested_) return;
    stop_deadline_ = deadline;
    stop_requested_ = true;
    stop_or_wait_.notify_all();
    if (consumer_ != nullptr) consumer_->wake();
  }

 private:
  struct Answer {
    WorkId id;
    deliver::Outcome outcome;
  };

  static Dispatcher::Options options(const config::ConsumeRoute& route) {
    Dispatcher::Options options;
    options.retry_initial = route.retry_initial;
    options.retry_max = route.retry_max;
    options.revoke_deadline = route.revoke_deadline;
    options.buffer_events = route.buffer_events;
    options.seed = random_id();
    return options;
  }

  observe::Metrics::Labels labels() const { return {{"route", route_.name}}; }

  Status create_consumer() {
    auto consumer = kafka::GroupConsumer::create(properties_, route_.group, route_.topic);
    if (!consumer) return tl::make_unexpected(consumer.error());
    const std::lock_guard lock(mutex_);
    consumer_ = std::move(*consumer);
    return {};
  }

  void step(Instant now) {
    if (stop_requested_ && !closing_) begin_close(now);
    if (!consumer_ && !rebuild(now)) return;
    consumer_->poll(poll_timeout(now), *this);
    now = SteadyClock::now();
    take_answers(now);
    fetch();
    dispatch(now);
    if (auto commit = dispatcher_.next_commit(now)) consumer_->commit(commit->offsets, commit->token);
    if (dispatcher_.take_revoke_done(now)) complete_revoke();
    if (fatal_) give_up_consumer(now);
    report(now);
    if (closing_) finished_ = consumer_ == nullptr || consumer_->closed() || now >= stop_deadline_.load() + kLeaveGrace;
  }

  void begin_close(Instant now) {
    closing_ = true;
    dispatcher_.stop(stop_deadline_);
    if (consumer_) {
      consumer_->close();
    } else {
      finished_ = true;
    }
    report_at_ = now;
  }

  Milliseconds poll_timeout(Instant now) const {
    if (more_to_fetch_) return Milliseconds(0);
    Milliseconds timeout = kLongestPoll;
    if (const auto due = dispatcher_.next_due()) {
      const auto left = std::chrono::ceil<Milliseconds>(*due - now);
      timeout = std::clamp(left, Milliseconds(0), kLongestPoll);
    }
    return timeout;
  }

  bool rebuild(Instant now) {
    if (stop_requested_) {
      finished_ = true;
      return false;
    }
    if (now < rebuild_at_) {
      std::unique_lock lock(mutex_);
      stop_or_wait_.wait_for(lock, kLongestPoll, [this] { return stop_requested_.load(); });
      return false;
    }
    if (const auto created = create_consumer(); !created) {
      spdlog::error("route {}: {}", route_.name, created.error().message);
      rebuild_at_ = now + rebuild_backoff_.next();
      return false;
    }
    return true;
  }

  void take_answers(Instant now) {
    {
      const std::lock_guard lock(mutex_);
      taken_.swap(results_);
      wake_pending_ = false;
    }
    for (const Answer& answer : taken_) {
      count(answer.outcome);
      dispatcher_.finished(answer.id, answer.outcome, now);
    }
    taken_.clear();
  }

  void count(const deliver::Outcome& outcome) {
    switch (outcome.verdict) {
      case deliver::Verdict::kDone:
        delivered_.Increment();
        handler_trouble_.reset();
        return;
      case deliver::Verdict::kFailed:
        failures_.Increment();
        break;
      case deliver::Verdict::kUnavailable:
        unavailable_.Increment();
        break;
    }
    handler_trouble_ = "handler " + route_.handler + ": " + outcome.reason;
  }

  void fetch() {
    more_to_fetch_ = false;
    for (const std::int32_t partition : dispatcher_.assignment()) {
      const std::size_t room = std::min(dispatcher_.room(partition), kFetchAtOnce);
      if (room == 0) continue;
      fetched_.clear();
      const std::size_t count = consumer_->fetch(partition, room, fetched_);
      for (event::Record& record : fetched_) dispatcher_.add(std::move(record));
      more_to_fetch_ = more_to_fetch_ || (count == room && dispatcher_.room(partition) != 0);
    }
    fetched_.clear();
  }

  void dispatch(Instant now) {
    while (auto delivery = dispatcher_.next_delivery(now)) {
      const WorkId id = delivery->id;
      handler_->deliver(std::move(delivery->record), delivery->attempt, [this, id](deliver::Outcome outcome) {
        const std::lock_guard lock(mutex_);
        results_.push_back({id, std::move(outcome)});
        if (!std::exchange(wake_pending_, true) && consumer_ != nullptr) consumer_->wake();
      });
    }
  }

  void complete_revoke() {
    if (const auto done = consumer_->complete_revoke(); !done) fatal_ = done.error().message;
    log_assignment("revoked", revoked_);
  }

  void on_assign(const std::vector<std::int32_t>& partitions) override {
    dispatcher_.assign(partitions);
    if (const auto done = consumer_->complete_assign(); !done) {
      fatal_ = done.error().message;
      return;
    }
    joined_ = true;
    if (!partitions.empty()) log_assignment("assigned", partitions);
  }

  void on_revoke(const std::vector<std::int32_t>& partitions, bool lost) override {
    if (lost) {
      spdlog::warn(
          "route {}: lost partitions {}: this member was away for too long; their new owners deliver again "
          "what was not committed",
          route_.name, listed(partitions));
    }
    revoked_ = partitions;
    dispatcher_.revoke(partitions, lost, SteadyClock::now());
  }

  void log_assignment(const char* what, const std::vector<std::int32_t>& partitions) {
    const auto now_assigned = dispatcher_.assignment();
    partitions_.Set(static_cast<double>(now_assigned.size()));
    spdlog::info("route {}: {} partitions {}, now {}: {}", route_.name, what, listed(partitions), now_assigned.size(),
                 listed(now_assigned));
  }

  void on_committed(std::uint64_t token, const Status& status) override {
    dispatcher_.committed(token, status.has_value());
    if (status) {
      commits_.Increment();
      return;
    }
    commit_failures_.Increment();
    spdlog::warn("route {}: a commit failed: {}; it is repeated, or what it covers is delivered again", route_.name,
                 status.error().message);
  }

  void on_error(const Error& error) override {
    if (error.disposition == Disposition::kFatal) {
      fatal_ = error.message;
    } else {
      client_trouble_ = error.message;
      spdlog::debug("route {}: {}", route_.name, error.message);
    }
  }

  void on_statistics(std::uint32_t brokers_up) override {
    reachable_ = brokers_up != 0;
    if (*reachable_ && joined_) client_trouble_.reset();
  }

  void give_up_consumer(Instant now) {
    const Milliseconds delay = rebuild_backoff_.next();
    spdlog::error("route {}: {}; a new consumer starts in {} ms at the checkpoint", route_.name, *fatal_,
                  delay.count());
    client_trouble_ = std::exchange(fatal_, std::nullopt);
    dispatcher_.reset();
    partitions_.Set(0);
    // Deliveries in flight hold records of this client: they end with the handler's answers, so it is replaced, too.
    handler_.reset();
    if (auto handler = deliver::make_handler(route_)) handler_ = std::move(*handler);
    std::unique_ptr<kafka::GroupConsumer> gone;
    {
      const std::lock_guard lock(mutex_);
      gone = std::move(consumer_);
    }
    gone.reset();
    joined_ = false;
    rebuild_at_ = now + delay;
  }

  void report(Instant now) {
    if (now < report_at_) return;
    report_at_ = now + kReportInterval;
    buffered_.Set(static_cast<double>(dispatcher_.buffered()));
    in_flight_.Set(static_cast<double>(dispatcher_.in_flight()));
    const auto trouble = current_trouble();
    observe::log_outage(outage_, route_.name, trouble, "delivering again", now);
    health_.set(part_, trouble ? observe::Health::State::kDegraded : observe::Health::State::kReady,
                trouble.value_or(""));
  }

  std::optional<std::string> current_trouble() const {
    if (handler_trouble_) return handler_trouble_;
    if (reachable_ == false) return client_trouble_.value_or("no broker is connected");
    if (!joined_ && client_trouble_) return client_trouble_;
    return std::nullopt;
  }

  const config::ConsumeRoute route_;
  const std::string part_;
  const config::KafkaProperties properties_;
  observe::Health& health_;
  Dispatcher dispatcher_;
  Backoff rebuild_backoff_;
  prometheus::Counter& delivered_;
  prometheus::Counter& failures_;
  prometheus::Counter& unavailable_;
  prometheus::Counter& commits_;
  prometheus::Counter& commit_failures_;
  prometheus::Gauge& partitions_;
  prometheus::Gauge& buffered_;
  prometheus::Gauge& in_flight_;
  observe::OutageLog outage_;

  // Owned by the thread.
  std::vector<event::Record> fetched_;
  std::vector<Answer> taken_;
  std::vector<std::int32_t> revoked_;
  bool more_to_fetch_ = false;
  bool closing_ = false;
  bool finished_ = false;
  bool joined_ = false;
  std::optional<bool> reachable_;
  Instant rebuild_at_{};
  Instant report_at_{};
  std::optional<std::string> fatal_;
  std::optional<std::string> client_trouble_;
  std::optional<std::string> handler_trouble_;

  std::atomic<bool> stop_requested_ = false;
  std::atomic<Instant> stop_deadline_{Instant::max()};

  std::mutex mutex_;  // guards results_, wake_pending_ and the pointer consumer_ for other threads
  std::condition_variable stop_or_wait_;
  std::vector<Answer> results_;
  bool wake_pending_ = false;
  std::unique_ptr<kafka::GroupConsumer> consumer_;
  std::unique_ptr<deliver::Handler> handler_;  // last: its answers use all of the above
};

ConsumeRoad::ConsumeRoad(std::unique_ptr<Edge> edge) : edge_(std::move(edge)) {}
ConsumeRoad::~ConsumeRoad() {
  stop();
}

Result<std::unique_ptr<ConsumeRoad>> ConsumeRoad::create(const config::ConsumeRoute& route,
                                                         const config::KafkaProperties& properties,
                                                         observe::Metrics& metrics, observe::Health& health) {
  auto edge = std::make_unique<Edge>(route, properties, metrics, health);
  if (auto opened = edge->open(); !opened) return tl::make_unexpected(opened.error());
  health.set("consume." + route.name, observe::Health::State::kDegraded, "starting");
  return std::unique_ptr<ConsumeRoad>(new ConsumeRoad(std::move(edge)));
}

void ConsumeRoad::start() {
  thread_ = std::jthread([this] { edge_->run(); });
}

void ConsumeRoad::request_stop(Instant deadline) {
  edge_->request_stop(deadline);
}

void ConsumeRoad::stop() {
  if (!thread_.joinable()) return;
  edge_->request_stop(SteadyClock::now());
  thread_.join();
}

}  // namespace hubferry::consume

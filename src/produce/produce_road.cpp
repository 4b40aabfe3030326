#include "produce/produce_road.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/backoff.h"
#include "base/ids.h"
#include "base/thread.h"
#include "kafka/producer.h"
#include "observe/outage.h"
#include "produce/pump.h"

namespace hubferry::produce {
namespace {

// While records are in flight their reports are served at least this often; a new block wakes the thread at once.
constexpr Milliseconds kBusyWait{5};
constexpr Milliseconds kIdleWait{200};
constexpr Milliseconds kMetadataTimeout{1'000};
constexpr Milliseconds kMetadataRetry{1'000};
// While draining: this long without a connected broker ends it.
constexpr Milliseconds kUnreachableGrace{2'000};

Milliseconds metadata_refresh(const config::KafkaProperties& properties) {
  const auto found = properties.find("topic.metadata.refresh.interval.ms");
  const std::int64_t value = found == properties.end() ? 60'000 : std::atoll(found->second.c_str());
  return Milliseconds(value > 0 ? value : 60'000);
}

}  // namespace

class ProduceRoad::Edge final : private kafka::Producer::Listener {
 public:
  Edge(const config::ProduceRoute& route, const config::KafkaProperties& properties, spool::Spool& spool,
       observe::Metrics& metrics, observe::Health& health)
      : route_(route),
        part_("produce." + route.name),
        properties_(properties),
        spool_(spool),
        health_(health),
        pump_({route.partitioner, route.in_flight_bytes, random_id()}),
        backoff_(route.retry_initial, route.retry_max, random_id()),
        refresh_(metadata_refresh(properties)),
        acknowledged_(metrics.counter("hubferry_events_acknowledged_total", "Events stored by the broker.", labels())),
        rebuilds_(metrics.counter("hubferry_producer_rebuilds_total", "Producers given up after an error.", labels())),
        throttled_(
            metrics.counter("hubferry_broker_throttle_seconds_total", "Throttle time told by brokers.", labels())),
        spool_bytes_(metrics.gauge("hubferry_spool_bytes", "Bytes of events kept on disk.", labels())),
        spool_events_(metrics.gauge("hubferry_spool_unacknowledged_events",
                                    "Events on disk that the broker has not acknowledged.", labels())),
        spool_age_(metrics.gauge("hubferry_spool_oldest_age_seconds",
                                 "Age of the oldest event that the broker has not acknowledged.", labels())),
        quarantined_(metrics.gauge("hubferry_spool_quarantined_blocks", "Corrupt blocks set aside.", labels())) {
    spool_.on_readable([this] { wake(); });
    show(spool_.statistics());
  }
  ~Edge() override { spool_.on_readable(nullptr); }

  Status create_producer() {
    auto producer = kafka::Producer::create(properties_, route_.topic);
    if (!producer) return tl::make_unexpected(producer.error());
    producer_ = std::move(*producer);
    return {};
  }

  void run() {
    name_thread("produce");
    for (;;) {
      const Instant now = SteadyClock::now();
      if (drained(now)) break;
      const bool progressed = step(now);
      report(now);
      if (!progressed) wait(producer_ && producer_->in_flight() != 0 ? kBusyWait : kIdleWait);
    }
    producer_.reset();
    if (const auto persisted = spool_.persist_position(SteadyClock::now(), true); !persisted) {
      spdlog::error("route {}: {}", route_.name, persisted.error().message);
    }
    report(SteadyClock::now());
  }

  void request_drain(Instant deadline) {
    const std::lock_guard lock(mutex_);
    if (!drain_deadline_) drain_deadline_ = deadline;
    signalled_ = true;
    changed_.notify_one();
  }

  std::uint64_t left() const { return spool_.statistics().unacknowledged; }
  const std::string& name() const { return route_.name; }

 private:
  observe::Metrics::Labels labels() const { return {{"route", route_.name}}; }

  void wake() {
    const std::lock_guard lock(mutex_);
    signalled_ = true;
    changed_.notify_one();
  }

  void wait(Milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return signalled_; });
    signalled_ = false;
  }

  bool drained(Instant now) {
    std::optional<Instant> deadline;
    {
      const std::lock_guard lock(mutex_);
      deadline = drain_deadline_;
    }
    if (!deadline) return false;
    if (!drain_began_) drain_began_ = now;
    if (left() == 0 || now >= *deadline) return true;
    const bool unreachable = !reachable_ && now - *drain_began_ >= kUnreachableGrace;
    if (unreachable) spdlog::warn("route {}: no broker can be reached, so the rest stays in the spool", route_.name);
    return unreachable;
  }

  // One turn: everything that can be done without waiting. True when something was sent or reported.
  bool step(Instant now) {
    if (!producer_ && !rebuild(now)) return false;
    refresh_partition_count(now);
    const bool sent = pump();
    const std::size_t reports = producer_->poll(queue_full_ ? kBusyWait : Milliseconds(0), *this);
    queue_full_ = false;
    if (const auto persisted = spool_.persist_position(now, false); !persisted) problem_ = persisted.error().message;
    if (rebuild_reason_) give_up_producer(now);
    return sent || reports != 0;
  }

  bool rebuild(Instant now) {
    if (now < rebuild_at_) return false;
    if (const auto created = create_producer(); !created) {
      problem_ = created.error().message;
      rebuild_at_ = now + backoff_.next();
      return false;
    }
    spdlog::info("route {}: new producer, sending again from sequence {}", route_.name,
                 spool_.statistics().low_water + 1);
    return true;
  }

  void give_up_producer(Instant now) {
    const Milliseconds delay = backoff_.next();
    spdlog::warn("route {}: {}; a new producer starts in {} ms and sends again what was not acknowledged", route_.name,
                 *rebuild_reason_, delay.count());
    problem_ = std::exchange(rebuild_reason_, std::nullopt);
    rebuild_at_ = now + delay;
    rebuilds_.Increment();
    producer_.reset();
    pump_.reset();
    spool_.rewind();
  }

  void refresh_partition_count(Instant now) {
    if (now < refresh_at_) return;
    const auto count = producer_->partition_count(kMetadataTimeout);
    if (!count) {
      refresh_at_ = now + kMetadataRetry;
      metadata_problem_ = count.error().message;
      return;
    }
    refresh_at_ = now + refresh_;
    metadata_problem_.reset();
    reachable_ = true;
    if (*count != partitions_) {
      spdlog::info("route {}: topic {} has {} partitions", route_.name, route_.topic, *count);
      partitions_ = *count;
      pump_.set_partition_count(*count);
    }
  }

  bool pump() {
    bool sent = false;
    for (;;) {
      if (const auto* record = pump_.head()) {
        switch (producer_->send(*record)) {
          case kafka::Producer::Send::kQueued:
            pump_.sent();
            sent = true;
            continue;
          case kafka::Producer::Send::kQueueFull:
            queue_full_ = true;
            return sent;
          case kafka::Producer::Send::kUnknownPartition:
            refresh_at_ = std::min(refresh_at_, SteadyClock::now() + kMetadataRetry);
            return sent;
          case kafka::Producer::Send::kFailed:
            rebuild_reason_ = "the producer does not take event " + std::to_string(record->ticket) + ": " +
                              producer_->last_error().message;
            return sent;
        }
      }
      if (!add_block()) return sent;
    }
  }

  bool add_block() {
    while (const auto damaged = pump_.take_damaged()) {
      spdlog::error("route {}: event {} in the spool cannot be decoded; it is kept there and not sent", route_.name,
                    *damaged);
    }
    if (partitions_ == 0 || !pump_.wants_block()) return false;
    auto block = spool_.next();
    if (!block) {
      problem_ = block.error().message;
      return false;
    }
    if (!*block) return false;
    pump_.add_block(std::move(*block), [this](std::uint64_t sequence) { return spool_.acknowledged(sequence); });
    return true;
  }

  void on_acknowledged(std::uint64_t ticket, std::int32_t, std::int64_t) override {
    pump_.acknowledged(ticket);
    spool_.acknowledge(ticket);
    acknowledged_.Increment();
    backoff_.reset();
    problem_.reset();
  }

  void on_failed(std::uint64_t ticket, const Error& error) override {
    if (!rebuild_reason_) rebuild_reason_ = "event " + std::to_string(ticket) + " was not stored: " + error.message;
  }

  void on_fatal(const Error& error) override { rebuild_reason_ = error.message; }

  void on_throttled(Milliseconds duration) override {
    throttled_.Increment(static_cast<double>(duration.count()) / 1e3);
  }

  void on_statistics(std::uint32_t brokers_up) override { reachable_ = brokers_up != 0; }

  void report(Instant now) {
    if (now < report_at_) return;
    report_at_ = now + Milliseconds(250);
    const spool::Statistics statistics = spool_.statistics();
    show(statistics);
    for (const std::string& notice : spool_.notices()) spdlog::warn("route {}: {}", route_.name, notice);
    report_health(now, statistics);
  }

  void show(const spool::Statistics& statistics) {
    spool_bytes_.Set(static_cast<double>(statistics.stored_bytes));
    spool_events_.Set(static_cast<double>(statistics.unacknowledged));
    spool_age_.Set(statistics.oldest_ms < 0
                       ? 0.0
                       : static_cast<double>(std::max<std::int64_t>(0, wall_clock_ms() - statistics.oldest_ms)) / 1e3);
    quarantined_.Set(static_cast<double>(statistics.quarantined_blocks));
  }

  void report_health(Instant now, const spool::Statistics& statistics) {
    auto trouble = broker_trouble();
    if (trouble) *trouble += "; " + std::to_string(statistics.unacknowledged) + " events wait in the spool";
    observe::log_outage(outage_, route_.name, trouble, "sending again", now);
    if (!spool_.writable()) {
      health_.set(part_, observe::Health::State::kNotReady, "the spool's disk refuses to store; see the log");
    } else if (trouble) {
      health_.set(part_, observe::Health::State::kDegraded, *trouble);
    } else {
      health_.set(part_, observe::Health::State::kReady);
    }
  }

  std::optional<std::string> broker_trouble() const {
    if (metadata_problem_) return metadata_problem_;
    if (partitions_ == 0) return "not connected to the brokers yet";
    if (problem_) return problem_;
    if (!reachable_) return "no broker is connected";
    return std::nullopt;
  }

  const config::ProduceRoute route_;
  const std::string part_;
  const config::KafkaProperties properties_;
  spool::Spool& spool_;
  observe::Health& health_;
  Pump pump_;
  Backoff backoff_;
  const Milliseconds refresh_;
  prometheus::Counter& acknowledged_;
  prometheus::Counter& rebuilds_;
  prometheus::Counter& throttled_;
  prometheus::Gauge& spool_bytes_;
  prometheus::Gauge& spool_events_;
  prometheus::Gauge& spool_age_;
  prometheus::Gauge& quarantined_;
  observe::OutageLog outage_;

  std::unique_ptr<kafka::Producer> producer_;
  std::int32_t partitions_ = 0;
  bool reachable_ = false;
  bool queue_full_ = false;
  Instant refresh_at_{};
  Instant rebuild_at_{};
  Instant report_at_{};
  std::optional<std::string> rebuild_reason_;
  std::optional<std::string> problem_;
  std::optional<std::string> metadata_problem_;
  std::optional<Instant> drain_began_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool signalled_ = false;
  std::optional<Instant> drain_deadline_;
};

ProduceRoad::ProduceRoad(std::unique_ptr<Edge> edge) : edge_(std::move(edge)) {}
ProduceRoad::~ProduceRoad() {
  stop();
}

Result<std::unique_ptr<ProduceRoad>> ProduceRoad::create(const config::ProduceRoute& route,
                                                         const config::KafkaProperties& properties, spool::Spool& spool,
                                                         observe::Metrics& metrics, observe::Health& health) {
  auto edge = std::make_unique<Edge>(route, properties, spool, metrics, health);
  if (auto created = edge->create_producer(); !created) return tl::make_unexpected(created.error());
  health.set("produce." + route.name, observe::Health::State::kDegraded, "starting");
  return std::unique_ptr<ProduceRoad>(new ProduceRoad(std::move(edge)));
}

void ProduceRoad::start() {
  thread_ = std::jthread([this] { edge_->run(); });
}

void ProduceRoad::request_drain(Instant deadline) {
  edge_->request_drain(deadline);
}

void ProduceRoad::stop() {
  if (!thread_.joinable()) return;
  edge_->request_drain(SteadyClock::now());
  thread_.join();
  if (const std::uint64_t left = edge_->left(); left != 0) {
    spdlog::warn("route {}: stopped with {} events in the spool; the next start sends them", edge_->name(), left);
  }
}

}  // namespace hubferry::produce

#include "produce/edge.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/ids.h"
#include "base/thread.h"

namespace hubferry::produce {
namespace {

// While records are in flight their reports are served at least this often; a new block wakes the thread at once.
constexpr Milliseconds kBusyWait{5};
constexpr Milliseconds kIdleWait{200};
constexpr Milliseconds kMetadataTimeout{1'000};
constexpr Milliseconds kMetadataRetry{1'000};
constexpr Milliseconds kPersistInterval{500};
// While draining: this long without a connected broker ends it.
constexpr Milliseconds kUnreachableGrace{2'000};
// A producer that failed tells what it still knows for so long at most.
constexpr Milliseconds kLastReports{500};
// An idempotent producer has so many requests on a connection at most (max.in.flight.requests.per.connection). While a
// connection is throttled they wait in the broker's socket, each for the throttle time of the one before, and are
// stored even after the client was killed: seen with Kafka's quotas.
constexpr std::int64_t kRequestsInFlight = 5;
// A broker that names a longer throttle time is asked again after this one.
constexpr Milliseconds kLongestPace{30'000};

Milliseconds metadata_refresh(const kafka::Properties& properties) {
  const auto found = properties.find("topic.metadata.refresh.interval.ms");
  const std::int64_t value = found == properties.end() ? 60'000 : std::atoll(found->second.c_str());
  return Milliseconds(value > 0 ? value : 60'000);
}

}  // namespace

ProduceRoad::Edge::Edge(const config::ProduceRoute& route, const Connections& connections, spool::Spool& spool,
                        spool::Feedback& feedback, observe::Metrics& metrics, observe::Health& health)
    : route_(route),
      properties_(connections.producer),
      spool_(spool),
      feedback_(feedback),
      report_(route.name, metrics, health),
      pump_({route.partitioner, route.in_flight_bytes, random_id()}),
      backoff_(route.retry_initial, route.retry_max, random_id()),
      reader_(connections.consumer, route.topic,
              {route.reconcile_settle, route.reconcile_max_records, Milliseconds(0)}),
      refused_file_(spool::real_file_system(), connections.spool_directory),
      refresh_(metadata_refresh(connections.producer)),
      tails_(Tails::decode(spool.attachment())),
      tails_durable_(tails_.complete()),
      blind_(!route.reconcile),
      // Without an attachment nothing was ever sent.
      needs_read_back_(spool.statistics().unacknowledged != 0 && !spool.attachment().empty()) {
  feedback_.set_partitions(tails_.partitions());
  spool_.on_readable([this] { wake(); });
  report_.show(spool_.statistics(), 0);
}

ProduceRoad::Edge::~Edge() {
  spool_.on_readable(nullptr);
}

Status ProduceRoad::Edge::create_producer() {
  kafka::Properties properties = properties_;
  if (careful_until_ != 0) properties["linger.ms"] = "0";  // it waits for each event's report
  auto producer = kafka::Producer::create(properties, route_.topic);
  if (!producer) return tl::make_unexpected(producer.error());
  producer_ = std::move(*producer);
  return {};
}

void ProduceRoad::Edge::run() {
  name_thread("produce");
  for (;;) {
    const Instant now = SteadyClock::now();
    if (drained(now)) break;
    const bool progressed = step(now);
    report(now);
    if (!progressed) wait(producer_ && producer_->in_flight() != 0 ? kBusyWait : kIdleWait);
  }
  producer_.reset();
  reader_.close();
  persist(SteadyClock::now(), true);
  report_at_ = {};
  report(SteadyClock::now());
}

void ProduceRoad::Edge::request_drain(Instant deadline) {
  const std::lock_guard lock(mutex_);
  if (!drain_deadline_) drain_deadline_ = deadline;  // stop() waits for the drain that was asked for before
  signalled_ = true;
  changed_.notify_one();
}

void ProduceRoad::Edge::wake() {
  const std::lock_guard lock(mutex_);
  signalled_ = true;
  changed_.notify_one();
}

void ProduceRoad::Edge::wait(Milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return signalled_; });
  signalled_ = false;
}

bool ProduceRoad::Edge::drained(Instant now) {
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
bool ProduceRoad::Edge::step(Instant now) {
  feedback_.expire(now);
  if (!keep_refused(now)) return false;
  if (!producer_ && !rebuild(now)) return false;
  refresh_partition_count(now);
  const bool sent = ready_to_send(now) && pump(now);
  if (!producer_) return true;
  const std::size_t reports = producer_->poll(queue_full_ ? kBusyWait : Milliseconds(0), *this);
  queue_full_ = false;
  persist(now, false);
  if (rebuild_reason_) give_up_producer(now);
  return sent || reports != 0 || (reading_back_ && reader_.reading());
}

bool ProduceRoad::Edge::rebuild(Instant now) {
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

void ProduceRoad::Edge::give_up_producer(Instant now) {
  const Instant patience = SteadyClock::now() + kLastReports;
  while (producer_->in_flight() != 0 && SteadyClock::now() < patience) (void)producer_->poll(kBusyWait, *this);
  unknown_fate_ = unknown_fate_ || producer_->in_flight() != 0;
  const bool an_event_is_to_blame = !failed_for_good_.empty();
  const Milliseconds delay = an_event_is_to_blame ? Milliseconds(0) : backoff_.next();
  spdlog::warn("route {}: {}; a new producer starts in {} ms and sends again what was not acknowledged", route_.name,
               *rebuild_reason_, delay.count());
  problem_ = std::exchange(rebuild_reason_, std::nullopt);
  rebuild_at_ = now + delay;
  report_.rebuilt();
  judge_refused();
  needs_read_back_ = needs_read_back_ || unknown_fate_;
  reading_back_ = false;
  unknown_fate_ = false;
  producer_.reset();
  pump_.reset();
  spool_.rewind();
}

// Brokers refuse batches, not events: only what was alone is known to be the culprit.
void ProduceRoad::Edge::judge_refused() {
  for (Refused& refused : failed_for_good_) {
    if (careful_until_ != 0 && failed_for_good_.size() == 1 && !unknown_fate_) {
      refuse(refused.sequence, refused.text);
    } else {
      careful_until_ = std::max(careful_until_, refused.sequence);
    }
  }
  failed_for_good_.clear();
}

void ProduceRoad::Edge::refresh_partition_count(Instant now) {
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
  if (*count == partitions_) return;
  spdlog::info("route {}: topic {} has {} partitions", route_.name, route_.topic, *count);
  partitions_ = *count;
  tails_durable_ = tails_durable_ && tails_.partitions() == partitions_;
}

void ProduceRoad::Edge::persist(Instant now, bool force) {
  if (!force && now < persist_at_) return;
  persist_at_ = now + kPersistInterval;
  if (tails_durable_ || (force && tails_.complete())) spool_.attach(tails_.encode());
  if (const auto persisted = spool_.persist_position(now, force); !persisted) problem_ = persisted.error().message;
}

void ProduceRoad::Edge::on_acknowledged(std::uint64_t ticket, std::int32_t partition, std::int64_t offset) {
  pump_.acknowledged(ticket);
  spool_.acknowledge(ticket);
  tails_.acknowledged(partition, offset);
  feedback_.acknowledged(ticket, {partition, offset});
  report_.acknowledged();
  backoff_.reset();
  problem_.reset();
}

void ProduceRoad::Edge::on_failed(std::uint64_t ticket, const Error& error) {
  report_.failed(error);
  if (error.disposition == Disposition::kReject) {
    failed_for_good_.push_back({ticket, error.message});
  } else {
    unknown_fate_ = true;
  }
  if (!rebuild_reason_) rebuild_reason_ = "event " + std::to_string(ticket) + " was not stored: " + error.message;
}

void ProduceRoad::Edge::on_fatal(const Error& error) {
  if (!rebuild_reason_) rebuild_reason_ = error.message;
}

void ProduceRoad::Edge::on_throttled(Milliseconds duration) {
  report_.throttled(duration);
  paced_until_ = SteadyClock::now() + std::min(duration, kLongestPace);
  tails_.throttled_until(wall_clock_ms() + kRequestsInFlight * duration.count());
}

void ProduceRoad::Edge::report(Instant now) {
  if (now < report_at_) return;
  report_at_ = now + Milliseconds(250);
  const spool::Statistics statistics = spool_.statistics();
  report_.show(statistics, producer_ ? producer_->in_flight() : 0);
  for (const std::string& notice : spool_.notices()) spdlog::warn("route {}: {}", route_.name, notice);
  report_.show_health(statistics, spool_.writable(), broker_trouble(), now);
}

std::optional<std::string> ProduceRoad::Edge::broker_trouble() const {
  if (metadata_problem_) return metadata_problem_;
  if (partitions_ == 0) return "not connected to the brokers yet";
  if (reading_back_ && reader_.trouble()) return reader_.trouble();
  if (problem_) return problem_;
  if (!reachable_) return "no broker is connected";
  return std::nullopt;
}

}  // namespace hubferry::produce

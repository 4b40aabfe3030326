#include "consume/edge.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

#include "base/ids.h"
#include "base/thread.h"

namespace hubferry::consume {
namespace {

constexpr Milliseconds kLongestPoll{200};
constexpr Milliseconds kReportInterval{250};
// Leaving the group may take a round trip to the broker after the deadline for work in flight.
constexpr Milliseconds kLeaveGrace{2'000};
constexpr std::size_t kFetchAtOnce = 256;
// A client whose statistics are missing for so many of their intervals stands still.
constexpr int kMissingStatistics = 15;
// Direct receivers complain once a minute, and not more often than they look at the topic.
constexpr Milliseconds kComplainAgain{60'000};

Milliseconds interval(const config::KafkaProperties& properties, const char* name, Milliseconds missing) {
  const auto found = properties.find(name);
  return found == properties.end() ? missing : Milliseconds(std::atoll(found->second.c_str()));
}
Milliseconds standstill(const config::KafkaProperties& properties) {
  return kMissingStatistics * interval(properties, "statistics.interval.ms", Milliseconds(2'000));
}
Milliseconds complaint_lasts(const config::KafkaProperties& properties) {
  const auto refresh = interval(properties, "topic.metadata.refresh.interval.ms", Milliseconds(60'000));
  return kComplainAgain + 2 * refresh;
}

Dispatcher::Options dispatcher_options(const config::ConsumeRoute& route, const deliver::BatchLimits& batch) {
  Dispatcher::Options options;
  options.route = route.name;
  options.order = route.order;
  options.concurrency = route.concurrency;
  options.batch = batch;
  options.rate_limit = route.rate_limit;
  options.retry_attempts = route.retry_attempts;
  options.retry_initial = route.retry_initial;
  options.retry_max = route.retry_max;
  options.dead_letter = !route.dead_letter.empty();
  options.parked_keys = route.parked_keys;
  options.skip_resends = route.skip_resends;
  options.revoke_deadline = route.revoke_deadline;
  options.buffer_events = route.buffer_events;
  options.buffer_bytes = route.buffer_bytes;
  options.seed = random_id();
  return options;
}

}  // namespace

ConsumeRoad::Edge::Edge(const config::ConsumeRoute& route, Connections connections, Circuit* circuit,
                        observe::Metrics& metrics, observe::Health& health)
    : route_(route),
      connections_(std::move(connections)),
      circuit_(circuit),
      complaint_lasts_(complaint_lasts(connections_.consumer)),
      report_(route.name, route.handler.target, metrics, health),
      watch_(standstill(connections_.consumer)),
      rebuild_backoff_(Milliseconds(1'000), Milliseconds(30'000), random_id()),
      look_up_backoff_(Milliseconds(200), Milliseconds(5'000), random_id()) {
  if (circuit_ == nullptr) return;
  circuit_->watch([this] {
    const std::lock_guard lock(mutex_);
    if (consumer_ != nullptr) consumer_->wake();
  });
}

ConsumeRoad::Edge::~Edge() {
  if (circuit_ != nullptr) circuit_->watch({});
}

Status ConsumeRoad::Edge::open() {
  if (auto opened = open_receivers(); !opened) return opened;
  dispatcher_.emplace(dispatcher_options(route_, handler_->limits()));
  return create_consumer();
}

Status ConsumeRoad::Edge::open_receivers() {
  if (!route_.dead_letter.empty()) {
    auto writer = deliver::DeadLetterWriter::create(route_, connections_.producer, *this);
    if (!writer) return tl::make_unexpected(writer.error());
    dead_letter_writer_ = std::move(*writer);
  }
  auto handler = deliver::make_handler(route_, connections_.producer, *this);
  if (!handler) return tl::make_unexpected(handler.error());
  handler_ = std::move(*handler);
  return {};
}

// Records in flight belong to them; they must be gone before the client they came from.
void ConsumeRoad::Edge::close_receivers() {
  handler_.reset();
  dead_letter_writer_.reset();
  const std::lock_guard lock(mutex_);
  answers_.clear();
  done_.clear();
  dead_letter_answers_.clear();
}

Status ConsumeRoad::Edge::create_consumer() {
  kafka::Consumer::Options options;
  options.group = route_.group;
  options.topic = route_.topic;
  options.group_instance_id = route_.group_instance_id;
  options.partitions = route_.partitions;
  options.all = route_.all_partitions;
  auto consumer = kafka::Consumer::create(connections_.consumer, options);
  if (!consumer) return tl::make_unexpected(consumer.error());
  watch_.new_client();
  const std::lock_guard lock(mutex_);
  consumer_ = std::move(*consumer);
  return {};
}

void ConsumeRoad::Edge::run() {
  name_thread("consume");
  while (!finished_) step(SteadyClock::now());
  close_receivers();
  dispatcher_->reset();
  consumer_.reset();
}

void ConsumeRoad::Edge::request_stop(Instant deadline) {
  const std::lock_guard lock(mutex_);
  if (stop_requested_) return;
  stop_deadline_ = deadline;
  stop_requested_ = true;
  stop_or_wait_.notify_all();
  if (consumer_ != nullptr) consumer_->wake();
}

void ConsumeRoad::Edge::set_paused(bool paused) {
  const std::lock_guard lock(mutex_);
  paused_ = paused;
  if (consumer_ != nullptr) consumer_->wake();
}

void ConsumeRoad::Edge::step(Instant now) {
  if (stop_requested_ && !closing_) begin_close(now);
  if (!consumer_ && !rebuild(now)) return;
  consumer_->poll(poll_timeout(now), *this);
  now = SteadyClock::now();
  obey_pause();
  take_answers(now);
  obey_breaker(now);
  fetch(now);
  dispatch(now);
  tell_breaker();
  if (auto commit = dispatcher_->next_commit(now)) consumer_->commit(commit->offsets, commit->token);
  if (dispatcher_->take_revoke_done(now)) complete_revoke();
  ask_positions(now);
  if (fatal_) give_up_consumer(now);
  report(now);
  if (closing_) finished_ = consumer_ == nullptr || consumer_->closed() || now >= stop_deadline_.load() + kLeaveGrace;
}

void ConsumeRoad::Edge::begin_close(Instant now) {
  closing_ = true;
  dispatcher_->stop(stop_deadline_);
  if (consumer_) {
    consumer_->close();
  } else {
    finished_ = true;
  }
  report_at_ = now;
}

Milliseconds ConsumeRoad::Edge::poll_timeout(Instant now) const {
  if (more_to_fetch_) return Milliseconds(0);
  Milliseconds timeout = kLongestPoll;
  if (const auto due = dispatcher_->next_due()) {
    const auto left = std::chrono::ceil<Milliseconds>(*due - now);
    timeout = std::clamp(left, Milliseconds(0), kLongestPoll);
  }
  return timeout;
}

void ConsumeRoad::Edge::obey_pause() {
  if (paused_ == dispatcher_->paused()) return;
  if (paused_) {
    dispatcher_->pause();
  } else {
    dispatcher_->resume();
  }
  spdlog::info("route {}: {}", route_.name, paused_ ? "paused by an operator" : "resumed by an operator");
}

void ConsumeRoad::Edge::obey_breaker(Instant now) {
  if (circuit_ == nullptr) return;
  const Permit permit = circuit_->permit();
  if (permit != dispatcher_->permit()) dispatcher_->permit(permit, now);
}

void ConsumeRoad::Edge::tell_breaker() {
  if (circuit_ == nullptr) return;
  RouteTally tally = dispatcher_->take_tally();
  tally.state.lag = std::max(lag_, static_cast<std::int64_t>(dispatcher_->buffered()));
  circuit_->tell(tally);
}

void ConsumeRoad::Edge::take_answers(Instant now) {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(answers_);
    done_taken_.swap(done_);
    dead_letters_taken_.swap(dead_letter_answers_);
    wake_pending_ = false;
  }
  for (const deliver::WorkId& id : done_taken_) dispatcher_->answered(id, {deliver::Verdict::kDone, {}, {}}, now);
  if (!done_taken_.empty()) report_.done(done_taken_.size());
  done_taken_.clear();
  for (Answer& answer : taken_) {
    report_.not_done(answer.outcome);
    dispatcher_->answered(answer.id, std::move(answer.outcome), now);
  }
  taken_.clear();
  for (const auto& [id, status] : dead_letters_taken_) {
    report_.dead_letter(status);
    dispatcher_->dead_letter_written(id, status, now);
  }
  dead_letters_taken_.clear();
}

void ConsumeRoad::Edge::fetch(Instant now) {
  more_to_fetch_ = false;
  for (auto& [partition, next] : next_fetch_) {
    const std::size_t room = std::min(dispatcher_->room(partition), kFetchAtOnce);
    if (room == 0) continue;
    fetched_.clear();
    const std::size_t count = consumer_->fetch(partition, room, fetched_);
    if (count == 0) continue;
    next = fetched_.back().offset + 1;
    for (event::Record& record : fetched_) dispatcher_->add(std::move(record), now);
    more_to_fetch_ = more_to_fetch_ || (count == room && dispatcher_->room(partition) != 0);
  }
  fetched_.clear();
}

void ConsumeRoad::Edge::dispatch(Instant now) {
  for (;;) {
    std::vector<deliver::Delivery> batch = dispatcher_->next_batch(now);
    if (batch.empty()) break;
    handler_->deliver(std::move(batch));
  }
  while (auto letter = dispatcher_->next_dead_letter()) {
    spdlog::warn("route {}: topic {} partition {} offset {} goes to the dead-letter topic {} after {} attempts: {}",
                 route_.name, route_.topic, letter->id.partition, letter->id.offset, route_.dead_letter,
                 letter->attempts, letter->reason);
    dead_letter_writer_->write(std::move(*letter));
  }
}

void ConsumeRoad::Edge::answered(const deliver::WorkId& id, deliver::Outcome outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome.verdict == deliver::Verdict::kDone) {
    done_.push_back(id);
  } else {
    answers_.push_back({id, std::move(outcome)});
  }
  wake_once();
}

void ConsumeRoad::Edge::all_done(std::span<const deliver::WorkId> ids) {
  const std::lock_guard lock(mutex_);
  done_.insert(done_.end(), ids.begin(), ids.end());
  wake_once();
}

void ConsumeRoad::Edge::dead_letter_written(const deliver::WorkId& id, Status status) {
  const std::lock_guard lock(mutex_);
  dead_letter_answers_.emplace_back(id, std::move(status));
  wake_once();
}

void ConsumeRoad::Edge::wake_once() {
  if (!std::exchange(wake_pending_, true) && consumer_ != nullptr) consumer_->wake();
}

bool ConsumeRoad::Edge::rebuild(Instant now) {
  if (stop_requested_) {
    finished_ = true;
    return false;
  }
  if (now < rebuild_at_) {
    std::unique_lock lock(mutex_);
    stop_or_wait_.wait_for(lock, kLongestPoll, [this] { return stop_requested_.load(); });
    return false;
  }
  Status created = handler_ == nullptr ? open_receivers() : Status{};
  if (created) created = create_consumer();
  if (created) return true;
  spdlog::error("route {}: {}", route_.name, created.error().message);
  rebuild_at_ = now + rebuild_backoff_.next();
  return false;
}

void ConsumeRoad::Edge::give_up_consumer(Instant now) {
  const Milliseconds delay = rebuild_backoff_.next();
  spdlog::error("route {}: {}; a new consumer starts in {} ms at the checkpoint", route_.name, *fatal_, delay.count());
  client_trouble_ = std::exchange(fatal_, std::nullopt);
  report_.rebuilt();
  report_.assigned(0);
  close_receivers();
  dispatcher_->reset();
  next_fetch_.clear();
  assigning_.reset();
  looking_up_ = false;
  std::unique_ptr<kafka::Consumer> gone;
  {
    const std::lock_guard lock(mutex_);
    gone = std::move(consumer_);
  }
  gone.reset();
  joined_ = false;
  rebuild_at_ = now + delay;
}

void ConsumeRoad::Edge::report(Instant now) {
  if (now < report_at_) return;
  report_at_ = now + kReportInterval;
  if (watch_.stands_still(now) && !closing_ && !fatal_) {
    fatal_ = "the client's main thread stands still: no statistics for " +
             std::to_string(standstill(connections_.consumer).count() / 1000) + " s";
  }
  report_.show(*dispatcher_);
  report_.show_health(*dispatcher_, current_trouble(now), now);
}

std::optional<std::string> ConsumeRoad::Edge::current_trouble(Instant now) const {
  if (complaint_ && now < complaint_->second) return complaint_->first;
  if (reachable_ == false) return client_trouble_.value_or("no broker is connected");
  if (!joined_ && client_trouble_) return client_trouble_;
  return std::nullopt;
}

}  // namespace hubferry::consume

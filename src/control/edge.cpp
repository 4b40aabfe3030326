#include "control/edge.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/ids.h"
#include "base/thread.h"
#include "control/token.h"

namespace hubferry::control {
namespace {

constexpr Milliseconds kShowInterval{250};
constexpr Milliseconds kOwnTallies{100};
constexpr std::size_t kMostOwnRecords = 100;  // in one step
// A quarter of the shortest retention that an event hub has.
constexpr Milliseconds kSnapshotInterval{6 * 3'600'000};
constexpr std::uint64_t kOwnGeneration = 1ULL << 63U;  // tells own tries from shared ones

std::map<std::string, config::BreakerRules> rules_of(const std::vector<Control::Route>& routes, bool own) {
  std::map<std::string, config::BreakerRules> rules;
  for (const Control::Route& route : routes) {
    config::BreakerRules& each = rules[route.name + "@" + route.group] = route.rules;
    if (own) each.quorum = 1;
  }
  return rules;
}

}  // namespace

Control::Edge::Edge(Options options, const std::vector<Route>& routes, observe::Metrics& metrics,
                    observe::Health& health)
    : options_(std::move(options)), health_(health), report_(metrics) {
  Member::Options member;
  member.instance = options_.control.instance;
  member.incarnation = random_id();
  member.notifies = options_.notify.any();
  member.link_valid_for = options_.notify.link_valid_for;
  member.new_token = new_token;
  member.seed = random_id();
  member.snapshot_interval = kSnapshotInterval;
  if (!options_.control.topic.empty()) shared_.emplace(member, rules_of(routes, false));
  member.snapshot_interval = Milliseconds(0);
  member.tally_interval = kOwnTallies;
  own_.emplace(member, rules_of(routes, true));
  for (const Route& route : routes) {
    breakers_.push_back(std::make_unique<Breakers>(route, metrics, health));
    breakers_.back()->report.waits("the control log is being read");
  }
}

Control::Edge::~Edge() {
  for (const auto& each : breakers_) each->route.circuit->listen({});
}

Status Control::Edge::open() {
  if (options_.notify.any()) {
    auto notifier = Notifier::create(options_.notify);
    if (!notifier) return tl::make_unexpected(notifier.error());
    notifier_ = std::move(*notifier);
  }
  const Instant now = SteadyClock::now();
  own_log_ = {0, wall_clock_ms(), now};
  own_->begin(0, now);
  own_->reached_end(now);
  if (options_.control.topic.empty()) {
    spdlog::warn("no control.topic: circuit breakers are this instance's own, their state is not shared");
    return {};
  }
  unknown_since_ = now;
  kafka::SharedLog::Options log;
  log.any_times = options_.any_times;
  auto created =
      kafka::SharedLog::create(options_.consumer_properties, options_.producer_properties, options_.control.topic, log);
  if (!created) return tl::make_unexpected(created.error());
  log_ = std::move(*created);
  return {};
}

void Control::Edge::run() {
  name_thread("control");
  for (const auto& each : breakers_) each->route.circuit->listen([this] { wake(); });
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) break;
    }
    wait();
    step(SteadyClock::now());
  }
  notifier_.reset();
  for (Pending& each : pending_) each.answer("the daemon is shutting down");
  pending_.clear();
}

void Control::Edge::request_stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake();
}

void Control::Edge::wake() {
  if (log_ != nullptr) return log_->wake();
  const std::lock_guard lock(mutex_);
  woken_ = true;
  waiting_.notify_one();
}

void Control::Edge::wait() {
  if (log_ != nullptr) return log_->poll(Member::kTick, *this);
  std::unique_lock lock(mutex_);
  waiting_.wait_for(lock, Member::kTick, [this] { return woken_ || stop_; });
  woken_ = false;
}

void Control::Edge::step(Instant now) {
  take_told(now);
  take_commands(now);
  take_tallies(now);
  run_own_log(now);
  for (const auto& each : breakers_) judge_own(*each, now);
  append(now);
  answer_commands(now);
  tell_people(now);
  set_permits(now);
  publish();
  show(now);
}

void Control::Edge::take_tallies(Instant now) {
  for (const auto& each : breakers_) {
    RouteTally tally = each->route.circuit->take();
    if (shared_) shared_->tally(each->name, tally, now);
    std::uint64_t& tried = tally.state.probe_generation;
    tried = (tried & kOwnGeneration) != 0 ? tried ^ kOwnGeneration : 0;
    own_->tally(each->name, tally, now);
  }
}

void Control::Edge::run_own_log(Instant now) {
  for (std::size_t i = 0; i < kMostOwnRecords; ++i) {
    const auto record = own_->next_record(now);
    if (!record) break;
    own_->record(own_log_.next_offset++, own_log_.time_ms(now), *record, now);
  }
}

const Breaker& Control::Edge::own_state(const Breakers& each) const {
  static const Breaker fresh;
  const Breaker* found = own_->fold().breaker(each.name);
  return found == nullptr ? fresh : *found;
}

const Breaker* Control::Edge::shared_state(const Breakers& each) const {
  return shared_ && shared_->is_current() ? shared_->fold().breaker(each.name) : nullptr;
}

bool Control::Edge::log_is_well(Instant now) const {
  constexpr Milliseconds kBriefTrouble{5'000};
  return log_ != nullptr && shared_->is_current() && !(trouble_ && now - trouble_since_ > kBriefTrouble);
}

// The state of the others is not known, and will not be soon.
bool Control::Edge::may_act_alone(Instant now) const {
  constexpr Milliseconds kPatience{30'000};
  if (!unknown_since_) return false;
  const bool hopeless = trouble_ && (trouble_->code == ErrorCode::kNotFound || trouble_->code == ErrorCode::kInvalid);
  return hopeless || now - *unknown_since_ >= kPatience;
}

bool Control::Edge::own_has_say(const Breakers& each, Instant now) const {
  if (!log_is_well(now)) return true;
  const Breaker* shared = shared_state(each);
  const std::uint32_t quorum = shared == nullptr ? each.route.rules.quorum : shared->rules.quorum;
  return quorum > 1 && shared_->fold().alive(each.name) > 1;
}

void Control::Edge::judge_own(Breakers& each, Instant now) {
  const Breaker::State own = own_state(each).state;
  if (own == Breaker::State::kClosed) {
    each.own_counts = false;
    return;
  }
  const Breaker* shared = shared_state(each);
  const bool all_stopped = shared != nullptr && shared->state != Breaker::State::kClosed;
  if (!each.own_counts && !all_stopped && own_has_say(each, now)) {
    each.own_counts = true;
    each.own_since = now;
  }
  // The shared one says all that is to be said.
  if (each.own_counts && !all_stopped) return;
  own_->command({Command::Kind::kClose, each.name, "the shared breaker", {}, {}});
  run_own_log(now);
  each.own_counts = false;
}

Permit Control::Edge::permit_of(const Breakers& each, Instant now) const {
  Permit stop;
  stop.kind = Permit::Kind::kUnknown;
  if (halted_) return stop;
  Permit own = own_->permit(each.name).value_or(stop);
  if (each.own_counts) {
    own.generation |= kOwnGeneration;
    return own;
  }
  if (!shared_) return own;
  const auto shared = shared_->permit(each.name);
  if (!shared) return may_act_alone(now) ? own : stop;
  if (shared->kind != Permit::Kind::kClosed) return *shared;
  Permit permit = *shared;
  if (!log_is_well(now)) {
    permit.released = std::max(permit.released, own.released);
  } else if (own_has_say(each, now)) {
    permit.released = std::min(permit.released, own.released);
  }
  return permit;
}

void Control::Edge::set_permits(Instant now) {
  for (const auto& each : breakers_) each->route.circuit->set(permit_of(*each, now));
}

void Control::Edge::append(Instant now) {
  if (log_ == nullptr || halted_) return;
  if (const auto record = shared_->next_record(now)) log_->append(encode(*record), ++last_ticket_);
}

void Control::Edge::show(Instant now) {
  if (now < show_at_) return;
  show_at_ = now + kShowInterval;
  for (const auto& each : breakers_) {
    const Breaker* shared = shared_state(*each);
    const bool unknown = shared_ && !shared_->is_current() && !shared_->permit(each->name);
    if (halted_) {
      each->report.waits(*halted_);
    } else if (each->own_counts || shared == nullptr) {
      if (unknown && !each->own_counts && !may_act_alone(now)) {
        each->report.waits("the control log is being read");
      } else {
        each->report.show(own_state(*each), false, own_->fold().now_ms(), each->own_counts, now);
      }
    } else {
      each->report.show(*shared, true, shared_->fold().now_ms(), false, now);
    }
  }
  report_.show(shared_ ? shared_->statistics() : Member::Statistics(), own_->statistics());
  if (log_ == nullptr) return;
  if (halted_) {
    health_.set("control", observe::Health::State::kNotReady, *halted_);
  } else if (trouble_) {
    health_.set("control", observe::Health::State::kDegraded, trouble_->message);
  } else {
    health_.set("control", observe::Health::State::kReady);
  }
}

// ---- the log

void Control::Edge::on_begin(std::int64_t oldest, bool anew) {
  const Instant now = SteadyClock::now();
  if (anew) spdlog::error("control log: it is read anew from offset {}; what is open stays open meanwhile", oldest);
  shared_->begin(oldest, now);
  unknown_since_ = now;
}

void Control::Edge::on_record(std::int64_t offset, std::int64_t timestamp_ms, std::string_view value) {
  report_.record();
  report_.position(offset + 1);
  const auto record = decode(value);
  if (record) {
    shared_->record(offset, timestamp_ms, *record, SteadyClock::now());
  } else if (record.error().disposition == Disposition::kFatal) {
    if (!halted_) spdlog::critical("control log: offset {}: {}", offset, record.error().message);
    halted_ = record.error().message;
  } else {
    report_.garbage();
    spdlog::warn("control log: offset {} is skipped: {}", offset, record.error().message);
  }
}

void Control::Edge::on_end(std::int64_t) {
  shared_->reached_end(SteadyClock::now());
  if (shared_->is_current()) unknown_since_.reset();
}

void Control::Edge::on_appended(std::uint64_t, std::int64_t) {}

void Control::Edge::on_append_failed(std::uint64_t ticket, const Error& error) {
  spdlog::debug("control log: {}", error.message);
  if (ticket == last_ticket_) shared_->append_failed(SteadyClock::now());
}

void Control::Edge::on_trouble(const Error& error) {
  if (!trouble_) trouble_since_ = SteadyClock::now();
  trouble_ = error;
  spdlog::error("control log: {}; breakers stay as they are, and each instance watches for itself", error.message);
}

void Control::Edge::on_well() {
  if (trouble_) spdlog::warn("control log: it can be used again");
  trouble_.reset();
}

}  // namespace hubferry::control

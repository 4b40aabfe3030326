#include "control/member.h"

#include <algorithm>

// What comes in: the log, the routes, people.

namespace hubferry::control {
namespace {

constexpr Milliseconds kFirstRetry{500};
constexpr Milliseconds kLastRetry{10'000};
constexpr Milliseconds kSuccessGrain{1'000};
constexpr const char* kAnew = "the control log began anew; look again, and repeat it";

}  // namespace

Member::Member(Options options, const std::map<std::string, config::BreakerRules>& breakers)
    : options_(std::move(options)), append_backoff_(kFirstRetry, kLastRetry, options_.seed), random_(options_.seed) {
  for (const auto& [name, rules] : breakers) own_[name].rules = rules;
}

Milliseconds Member::jitter() {
  return Milliseconds(static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(kJitter.count())));
}

const Breaker& Member::state(const std::string& breaker) const {
  static const Breaker fresh;
  const Breaker* found = fold_.breaker(breaker);
  return found == nullptr ? fresh : *found;
}

void Member::begin(std::int64_t oldest, Instant now) {
  for (auto& [name, own] : own_) {
    const Breaker& breaker = state(name);
    // What this instance knows to be open stays so until the log says what became of it.
    if (current_ && breaker.state != Breaker::State::kClosed) own.held_open = breaker.reason;
    own.rules_written = false;
    own.claim_written.reset();
  }
  fold_.begin(oldest);
  snapshot_seen_ = now;
  current_ = false;
  alive_written_.reset();
  wanted_since_.reset();
  wanted_written_.reset();
  give_up_under_way();
  for (const auto& [ticket, command] : commands_) answers_.push_back({ticket, false, kAnew});
  commands_.clear();
}

// It was made for another state. What a tally counted goes into the next one.
void Member::give_up_under_way() {
  if (!under_way_) return;
  const UnderWay gone = *std::exchange(under_way_, std::nullopt);
  if (gone.ticket != 0) answers_.push_back({gone.ticket, false, kAnew});
  if (!std::holds_alternative<Tally>(gone.record.body)) return;
  auto& pending = own_.at(gone.record.breaker).pending;
  pending.failures.insert(pending.failures.begin(), gone.failures.begin(), gone.failures.end());
  pending.trailing += std::get<Tally>(gone.record.body).trailing;
}

void Member::cancel(std::uint64_t ticket) {
  std::erase_if(commands_, [ticket](const auto& each) { return each.first == ticket; });
  if (under_way_ && under_way_->ticket == ticket) under_way_.reset();
}

Applied Member::record(std::int64_t offset, std::int64_t timestamp_ms, const Record& record, Instant now) {
  std::map<std::string, bool> ran;
  for (const auto& [name, own] : own_) ran[name] = state(name).run != 0;
  const Applied applied = fold_.apply(offset, timestamp_ms, record);
  for (auto& [name, own] : own_) {
    if (ran[name] != (state(name).run != 0)) own.successes_since_run = 0;
    watch(name, own, now);
  }
  if (fold_.snapshot_ms() != snapshot_ms_) {
    snapshot_ms_ = fold_.snapshot_ms();
    snapshot_seen_ = now;
    snapshot_patience_ = jitter();
  }
  if (fold_.wanted_ms() != wanted_ms_) {
    wanted_ms_ = fold_.wanted_ms();
    wanted_seen_ = now;
  }
  if (under_way_ && record.author == under_way_->record.author) read_back(applied, now);
  return applied;
}

// Notes when this instance learned of a new state, or of a claim.
void Member::watch(const std::string& name, Own& own, Instant now) {
  const Breaker& breaker = state(name);
  if (breaker.notifier && own.claim_seen_ms != breaker.notifier->at_ms) {
    own.claim_seen_ms = breaker.notifier->at_ms;
    own.claim_seen = now;
  }
  if (breaker.state == own.seen && breaker.generation == own.seen_generation) return;
  own.seen = breaker.state;
  own.seen_generation = breaker.generation;
  own.seen_at = now;
  own.patience = jitter();
  own.probe_idle_since.reset();
  own.claim_written.reset();
  own.claim_seen_ms = -1;
  // What it has met in another state is no part of this one.
  if (breaker.state == Breaker::State::kClosed) {
    own.pending.failures.clear();
    own.pending.reasons.clear();
    own.pending.trailing = 0;
    own.released = own.pending.state.finals;
  }
}

void Member::read_back(const Applied& applied, Instant now) {
  const UnderWay ended = *std::exchange(under_way_, std::nullopt);
  append_backoff_.reset();
  ++statistics_.appends;
  const bool taken = applied.fate == Applied::Fate::kTaken;
  if (ended.ticket != 0) answers_.push_back({ended.ticket, taken, applied.reason});
  const auto found = own_.find(ended.record.breaker);
  if (found == own_.end()) return;
  Own& own = found->second;
  if (std::holds_alternative<Tally>(ended.record.body)) {
    if (state(found->first).state == Breaker::State::kClosed) own.released = ended.finals;
  } else if (std::holds_alternative<NotifyClaim>(ended.record.body) && taken) {
    own.claim_written = ended.written;
    own.tell_at = std::max(own.tell_at, now);
  }
}

void Member::reached_end(Instant now) {
  if (!fold_.known()) {
    if (!wanted_since_) wanted_since_ = now;
    return;
  }
  if (std::exchange(current_, true)) return;
  for (auto& [name, own] : own_) watch(name, own, now);
}

void Member::append_failed(Instant now) {
  if (!under_way_) return;
  ++statistics_.append_failures;
  under_way_->at_log = false;
  under_way_->again = now + append_backoff_.next();
}

void Member::tally(const std::string& breaker, const RouteTally& tally, Instant now) {
  const auto found = own_.find(breaker);
  if (found == own_.end()) return;
  Own& own = found->second;
  if (state(breaker).run != 0) own.successes_since_run += tally.successes;
  const bool closed = current_ && state(breaker).state == Breaker::State::kClosed;
  if (!closed) {
    for (const auto& [at, count] : tally.failures) statistics_.overshoot += current_ ? count : 0;
  }
  if (tally.successes != 0) {
    if (own.successes.empty() || now - own.successes.back().first >= kSuccessGrain) own.successes.emplace_back(now, 0);
    own.successes.back().second += tally.successes;
  }
  // What succeeded long ago is no evidence: an instance without failures tells nothing for hours.
  while (!own.successes.empty() && now - own.successes.front().first >= own.rules.window) own.successes.pop_front();
  own.pending.add(tally);
}

std::optional<Permit> Member::permit(const std::string& breaker) const {
  const auto found = own_.find(breaker);
  if (found == own_.end()) return Permit{};
  const Own& own = found->second;
  Permit permit;
  if (own.held_open) {
    permit.kind = Permit::Kind::kOpen;
    return permit;
  }
  if (!current_) return std::nullopt;
  const Breaker& state = this->state(breaker);
  permit.generation = state.generation;
  permit.released = own.released;
  if (state.state == Breaker::State::kClosed) return permit;
  permit.released = 0;
  permit.kind = Permit::Kind::kOpen;
  const bool tries =
      state.state == Breaker::State::kHalfOpen && state.prober && state.prober->incarnation == options_.incarnation;
  if (!tries) return permit;
  permit.kind = Permit::Kind::kProbe;
  permit.partition = state.prober->partition;
  permit.events = std::max<std::uint64_t>(state.rules.probe_events, 1);
  return permit;
}

// Only with a claim that is still good when the attempt ends: no other instance tells people meanwhile.
std::optional<Notice> Member::next_notice(Instant now) {
  for (auto& [name, own] : own_) {
    const Breaker& breaker = state(name);
    const bool mine = breaker.notifier && breaker.notifier->incarnation == options_.incarnation;
    if (!current_ || own.telling || !mine || breaker.state != Breaker::State::kOpen || breaker.notified) continue;
    if (own.told_generation == breaker.generation || own.token_generation != breaker.generation) continue;
    if (now < own.tell_at || !own.claim_written || now - *own.claim_written >= kNoticeMayTake) continue;
    own.telling = true;
    return Notice{name, breaker.generation, own.token.secret, fold_.now_ms(), breaker};
  }
  return std::nullopt;
}

void Member::noticed(const std::string& breaker, std::uint64_t generation, bool ok, Instant now) {
  Own& own = own_.at(breaker);
  own.telling = false;
  ++(ok ? statistics_.notices : statistics_.notice_failures);
  if (ok) {
    own.told_generation = generation;
    own.tell_failures = 0;
  } else {
    own.tell_at = now + append_backoff_.delay(own.tell_failures++ + 1);
  }
}

std::uint64_t Member::command(Command command) {
  commands_.emplace_back(next_ticket_, std::move(command));
  return next_ticket_++;
}

}  // namespace hubferry::control

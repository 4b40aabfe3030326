#include <algorithm>

#include "control/member.h"
#include "observe/json_text.h"

// Which record is written next.

namespace hubferry::control {
namespace {

constexpr std::size_t kMostAges = 60;
constexpr std::size_t kLongestReason = 200;

// What a handler answers is anybody's bytes, and a record must be readable.
std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < kLongestReason) {
    const std::size_t sequence = observe::utf8_sequence(text);
    if (sequence == 0) {
      out += '?';
      text.remove_prefix(1);
    } else {
      out += text.substr(0, sequence);
      text.remove_prefix(sequence);
    }
  }
  return out;
}

// What is within the window, in at most kMostAges entries: what lies close together becomes one, as old as its oldest.
std::vector<std::pair<Milliseconds, std::uint64_t>> ages_of(
    const std::vector<std::pair<Instant, std::uint64_t>>& failures, Milliseconds window, Instant now) {
  const Milliseconds grain = std::max(Milliseconds(100), window / static_cast<std::int64_t>(kMostAges));
  std::vector<std::pair<Milliseconds, std::uint64_t>> ages;
  for (const auto& [at, count] : failures) {
    const auto age = std::chrono::floor<Milliseconds>(now - at);
    if (age >= window) continue;
    if (ages.empty() || (ages.back().first - age >= grain && ages.size() < kMostAges)) {
      ages.emplace_back(age, count);
    } else {
      ages.back().second += count;
    }
  }
  return ages;
}

std::vector<Reason> shortened(const std::vector<Reason>& reasons) {
  std::vector<Reason> out;
  for (const auto& [text, count] : reasons) out.emplace_back(clean(text), count);
  return out;
}

std::uint64_t sum(const std::vector<std::pair<Instant, std::uint64_t>>& failures) {
  std::uint64_t total = 0;
  for (const auto& [at, count] : failures) total += count;
  return total;
}

}  // namespace

std::optional<Record> Member::next_record(Instant now) {
  if (under_way_) {
    if (now < under_way_->again) return std::nullopt;
    if (under_way_->at_log) ++statistics_.append_failures;
  } else {
    next_ = UnderWay();
    auto record = make(now);
    if (!record) return std::nullopt;
    record->author.nonce = ++nonce_;
    next_.record = std::move(*record);
    next_.written = now;
    under_way_ = std::move(next_);
  }
  refresh_ages(now);
  under_way_->at_log = true;
  under_way_->again = now + kAppendTimeout;
  return under_way_->record;
}

Record Member::made(const std::string& breaker, std::uint64_t generation, Body body) const {
  return {{options_.instance, options_.incarnation, 0}, breaker, generation, std::move(body)};
}

Member::Made Member::make(Instant now) {
  if (!fold_.known()) return make_for_history(now);
  if (!current_) return std::nullopt;
  if (auto record = make_command()) return record;
  if (auto record = make_alive(now)) return record;
  for (auto& [name, own] : own_) {
    if (auto record = make_for(name, own, now)) return record;
  }
  return make_snapshot(now);
}

// The log's beginning was removed and there is no snapshot: one of the others has it, or nobody.
Member::Made Member::make_for_history(Instant now) {
  if (!wanted_since_) return std::nullopt;
  if (!wanted_written_ || now - *wanted_written_ >= kWantInterval) {
    wanted_written_ = now;
    return made({}, 0, WantSnapshot{});
  }
  if (now - *wanted_since_ < Fold::kNobodyFor + 2 * Fold::kClockStep) return std::nullopt;
  wanted_since_ = now;
  return made({}, 0, BeginAnew{});
}

Member::Made Member::make_command() {
  if (commands_.empty()) return std::nullopt;
  const auto [ticket, command] = std::move(commands_.front());
  commands_.pop_front();
  next_.ticket = ticket;
  const std::uint64_t generation = state(command.breaker).generation;
  switch (command.kind) {
    case Command::Kind::kOpen:
      return made(command.breaker, generation, Open{command.by, clean(command.reason)});
    case Command::Kind::kClose:
      return made(command.breaker, generation, Close{command.by});
    case Command::Kind::kResume:
      return made(command.breaker, generation, Resume{Resume::Way::kOperator, {}, command.by});
    case Command::Kind::kResumeByLink:
      break;
  }
  return made(command.breaker, generation, Resume{Resume::Way::kLink, command.token_hash, command.by});
}

// Only as far as somebody counts who is there: for a quorum, and while something goes on.
Member::Made Member::make_alive(Instant now) {
  const auto known = fold_.instances().find(options_.incarnation);
  bool needed = known == fold_.instances().end() || known->second.breakers.size() != own_.size();
  if (!needed && alive_written_ && now - *alive_written_ < kAliveInterval) return std::nullopt;
  for (const auto& [name, own] : own_) {
    const Breaker& breaker = state(name);
    needed = needed || breaker.rules.quorum > 1 || breaker.state != Breaker::State::kClosed || !breaker.shares.empty();
  }
  if (!needed) return std::nullopt;
  alive_written_ = now;
  Alive alive;
  for (const auto& [name, own] : own_) alive.breakers.push_back(name);
  return made({}, 0, std::move(alive));
}

Member::Made Member::make_snapshot(Instant now) {
  if (options_.snapshot_interval.count() == 0) return std::nullopt;
  const Milliseconds limit = options_.snapshot_interval + 60 * snapshot_patience_;
  const Milliseconds by_log(fold_.now_ms() - fold_.snapshot_ms());
  const bool due = now - snapshot_seen_ >= limit || by_log >= limit;
  const bool wanted = fold_.wanted_ms() >= 0 && now - wanted_seen_ >= snapshot_patience_;
  if (!due && !wanted) return std::nullopt;
  return made({}, 0, Snapshot{fold_.position(), fold_.snapshot()});
}

Member::Made Member::make_for(const std::string& name, Own& own, Instant now) {
  const Breaker& breaker = state(name);
  if (own.held_open) {
    const bool said = breaker.state != Breaker::State::kClosed || breaker.generation > 1;
    if (!said)
      return made(name, breaker.generation,
                  Open{options_.instance, "the control log began anew while " + *own.held_open});
    own.held_open.reset();
  }
  if (!own.rules_written) {
    own.rules_written = true;
    if (fold_.breaker(name) == nullptr || breaker.rules != own.rules)
      return made(name, breaker.generation, SetRules{own.rules});
  }
  switch (breaker.state) {
    case Breaker::State::kClosed:
      return make_tally(name, own, breaker, now);
    case Breaker::State::kOpen:
      return make_claim(name, own, breaker, now);
    case Breaker::State::kHalfOpen:
      break;
  }
  return make_probe(name, own, breaker, now);
}

bool Member::tally_due(const Own& own, const Breaker& breaker, Instant now) const {
  const RouteTally& pending = own.pending;
  const bool failed = !pending.failures.empty();
  const bool objects = breaker.run != 0 && own.successes_since_run != 0;
  const auto share = breaker.shares.find(options_.incarnation);
  const bool told_unavailable = share != breaker.shares.end() && share->second.unavailable_since_ms >= 0;
  const bool unavailable = pending.state.unavailable_since.has_value();
  if (!failed && !objects && !unavailable && !told_unavailable) return false;
  if (!own.last_tally || now - *own.last_tally >= options_.tally_interval) return true;
  if (!failed || now - *own.last_tally < kEarlyTally) return false;
  return breaker.failures(fold_.now_ms()) + sum(pending.failures) > breaker.rules.threshold;
}

Member::Made Member::make_tally(const std::string& name, Own& own, const Breaker& breaker, Instant now) {
  if (!tally_due(own, breaker, now)) return std::nullopt;
  own.last_tally = now;
  own.successes_since_run = 0;
  RouteTally told;
  told.state = own.pending.state;
  std::swap(told, own.pending);
  next_.failures = std::move(told.failures);
  next_.unavailable_since = told.state.unavailable_since;
  next_.finals = told.state.finals;
  Tally tally;
  for (const auto& [at, count] : std::exchange(own.successes, {})) tally.successes += count;
  tally.trailing = told.trailing;
  tally.reasons = shortened(told.reasons);
  tally.lag = told.state.lag;
  return made(name, breaker.generation, std::move(tally));
}

void Member::refresh_ages(Instant now) {
  auto* tally = std::get_if<Tally>(&under_way_->record.body);
  if (tally == nullptr) return;
  tally->failures = ages_of(under_way_->failures, state(under_way_->record.breaker).rules.window, now);
  tally->unavailable = under_way_->unavailable_since.has_value();
  if (tally->unavailable) {
    tally->unavailable_for =
        std::max(Milliseconds(0), std::chrono::floor<Milliseconds>(now - *under_way_->unavailable_since));
  }
}

// To tell people, and with a cool-down to try again without them.
Member::Made Member::make_claim(const std::string& name, Own& own, const Breaker& breaker, Instant now) {
  if (const auto end = breaker.cool_down_ends_ms()) {
    const Milliseconds wait(*end - breaker.since_ms);
    if (now - own.seen_at >= wait + own.patience && now - own.cool_down_tried >= kTallyInterval) {
      own.cool_down_tried = now;
      return made(name, breaker.generation, Resume{Resume::Way::kCoolDown, {}, options_.instance});
    }
  }
  const bool mine = breaker.notifier && breaker.notifier->incarnation == options_.incarnation;
  if (mine && !breaker.notified && own.told_generation == breaker.generation) {
    return made(name, breaker.generation, Notified{});
  }
  if (!options_.notifies || breaker.notified || own.telling) return std::nullopt;
  if (mine && own.token_generation == breaker.generation) {
    const bool fresh = own.claim_written && now - *own.claim_written < kNoticeMayTake;
    // Renewed when it is needed again, so that an attempt begins with a good one.
    if (fresh || now < own.tell_at) return std::nullopt;
    return made(name, breaker.generation, NotifyClaim{{}, Milliseconds(0)});
  }
  const Milliseconds patience = breaker.notifier ? Breaker::kNotifyLease + kJitter + own.patience : own.patience;
  const Instant since = breaker.notifier ? own.claim_seen : own.seen_at;
  if (now - since < patience || now - own.claim_tried < kTallyInterval) return std::nullopt;
  own.claim_tried = now;
  own.token = options_.new_token();
  own.token_generation = breaker.generation;
  return made(name, breaker.generation, NotifyClaim{own.token.hash, options_.link_valid_for});
}

Member::Made Member::make_probe(const std::string& name, Own& own, const Breaker& breaker, Instant now) {
  const RouteState& route = own.pending.state;
  const bool mine = breaker.prober && breaker.prober->incarnation == options_.incarnation;
  if (!mine) {
    const bool free = !breaker.prober || !fold_.is_alive(breaker.prober->incarnation);
    if (!free || route.candidate < 0 || now - own.seen_at < own.patience) return std::nullopt;
    if (now - own.claim_tried < kEarlyTally) return std::nullopt;
    own.claim_tried = now;
    return made(name, breaker.generation, ProbeClaim{route.candidate});
  }
  if (route.probe_generation != breaker.generation) return std::nullopt;  // the route does not know of it yet
  const auto result = [&](bool ok, std::string reason) {
    return made(name, breaker.generation, ProbeResult{ok, route.probe_done, std::move(reason)});
  };
  if (route.probe_failure) return result(false, clean(*route.probe_failure));
  if (route.probe_done >= std::max<std::uint64_t>(breaker.rules.probe_events, 1)) return result(true, {});
  if (route.probe_lost) return made(name, breaker.generation, ProbeClaim{-1});
  if (!route.probe_idle || route.probe_done == 0 || route.probe_done != own.probe_done) {
    own.probe_done = route.probe_done;
    own.probe_idle_since.reset();
  } else if (!own.probe_idle_since) {
    own.probe_idle_since = now;
  } else if (now - *own.probe_idle_since >= kProbeIdle) {
    return result(true, {});
  }
  return std::nullopt;
}

}  // namespace hubferry::control

#include "control/breaker.h"

#include <algorithm>
#include <limits>

namespace hubferry::control {
namespace {

using Refusal = std::optional<std::string>;
using Count = std::uint64_t;

std::string seconds(Milliseconds duration) {
  return std::to_string(duration.count() / 1'000) + " s";
}
std::string instances(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " instance" : " instances");
}

void count_reasons(std::vector<Reason>& all, const std::vector<Reason>& more) {
  for (const auto& [text, count] : more) {
    const auto same = std::find_if(all.begin(), all.end(), [&text](const Reason& each) { return each.first == text; });
    if (same == all.end()) {
      all.emplace_back(text, count);
    } else {
      same->second += count;
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Reason& a, const Reason& b) { return a.second > b.second; });
  if (all.size() > Breaker::kMostReasons) all.resize(Breaker::kMostReasons);
}

Count sum(const std::vector<std::pair<std::int64_t, Count>>& failures) {
  Count total = 0;
  for (const auto& [at, count] : failures) total += count;
  return total;
}

// ---- transitions

void open(Breaker& breaker, std::string reason, const Circumstances& around) {
  if (breaker.state == Breaker::State::kClosed) {
    breaker.incident = breaker.generation;
    breaker.opened_ms = around.now_ms;
    breaker.reasons.clear();
    breaker.lag = -1;
    for (const auto& [incarnation, share] : breaker.shares) {
      count_reasons(breaker.reasons, share.reasons);
      if (share.lag >= 0) breaker.lag = std::max<std::int64_t>(breaker.lag, 0) + share.lag;
    }
  } else {
    ++breaker.generation;
  }
  breaker.state = Breaker::State::kOpen;
  breaker.since_ms = around.now_ms;
  breaker.since_offset = around.offset;
  breaker.reason = std::move(reason);
  breaker.shares.clear();
  breaker.run = 0;
  breaker.run_by.clear();
  breaker.notified = false;
  breaker.notifier.reset();
  breaker.prober.reset();
}

void close(Breaker& breaker, const Circumstances& around) {
  Breaker closed;
  closed.rules = breaker.rules;
  closed.generation = breaker.generation + 1;
  closed.since_ms = around.now_ms;
  closed.since_offset = around.offset;
  closed.tokens = std::move(breaker.tokens);
  breaker = std::move(closed);
}

// ---- rules

std::size_t quorum(const Breaker& breaker, const Circumstances& around) {
  std::set<std::string> alive;
  for (const auto& [incarnation, instance] : around.alive) alive.insert(instance);
  const std::size_t needed = std::min<std::size_t>(breaker.rules.quorum, alive.size());
  return std::max<std::size_t>(needed, 1);
}

// What makes an instance a witness of a broken handler, and not of poison events here and there: at least a tenth of
// the threshold and no fewer than three failed, in a row or as a tenth of all that it finished.
Refusal window_rule(const Breaker& breaker, const Circumstances& around) {
  const Count needed = std::max<Count>(breaker.rules.threshold / 10, 3);
  Count total = 0;
  std::set<std::string> reporters;
  std::set<std::string> witnesses;
  for (const auto& [incarnation, share] : breaker.shares) {
    const Count failures = sum(share.failures);
    total += failures;
    if (failures != 0) reporters.insert(share.instance);
    const bool many = share.run >= needed || failures * 10 >= failures + sum(share.successes);
    if (failures >= needed && many) witnesses.insert(share.instance);
  }
  const std::size_t needed_witnesses = quorum(breaker, around);
  if (total <= breaker.rules.threshold) return std::nullopt;
  if (needed_witnesses > 1 && witnesses.size() < needed_witnesses) return std::nullopt;
  return std::to_string(total) + " final failures within " + seconds(breaker.rules.window) + ", seen by " +
         instances(reporters.size());
}

Refusal run_rule(const Breaker& breaker, const Circumstances& around) {
  if (breaker.rules.consecutive == 0 || breaker.run < breaker.rules.consecutive) return std::nullopt;
  if (around.now_ms - breaker.run_since_ms < Breaker::kRunMustLast.count()) return std::nullopt;
  if (breaker.run_by.size() < quorum(breaker, around)) return std::nullopt;
  return std::to_string(breaker.run) + " final failures in a row without a success, seen by " +
         instances(breaker.run_by.size());
}

Refusal unavailable_rule(const Breaker& breaker, const Circumstances& around) {
  const std::int64_t limit = breaker.rules.unavailable_for.count();
  if (limit == 0) return std::nullopt;
  std::set<std::string> witnesses;
  for (const auto& [incarnation, share] : breaker.shares) {
    const bool long_enough = share.unavailable_since_ms >= 0 && around.now_ms - share.unavailable_since_ms > limit;
    if (long_enough && around.alive.contains(incarnation)) witnesses.insert(share.instance);
  }
  if (witnesses.size() < quorum(breaker, around)) return std::nullopt;
  return "the handler was not available for more than " + seconds(breaker.rules.unavailable_for) + ", seen by " +
         instances(witnesses.size());
}

void forget_old(Breaker& breaker, std::int64_t now_ms) {
  const std::int64_t begin = now_ms - breaker.rules.window.count();
  for (auto& [incarnation, share] : breaker.shares) {
    std::erase_if(share.failures, [begin](const auto& each) { return each.first <= begin; });
    std::erase_if(share.successes, [begin](const auto& each) { return each.first <= begin; });
  }
}

// ---- records

Refusal other_generation(const Breaker& breaker, const Record& record) {
  if (record.generation == breaker.generation) return std::nullopt;
  return "it is for generation " + std::to_string(record.generation) + ", the breaker is in generation " +
         std::to_string(breaker.generation);
}

Refusal take(Breaker& breaker, const Record& record, const Tally& tally, const Circumstances& around) {
  if (breaker.state != Breaker::State::kClosed) return "the breaker is not closed";
  Breaker::Share& share = breaker.shares[record.author.incarnation];
  share.instance = record.author.instance;
  for (const auto& [age, count] : tally.failures) {
    const std::int64_t at = around.now_ms - age.count();
    if (at >= breaker.since_ms) share.failures.emplace_back(at, count);
  }
  if (tally.successes != 0) {
    share.successes.emplace_back(around.now_ms, tally.successes);
    share.run = 0;
  }
  share.run += tally.trailing;
  count_reasons(share.reasons, tally.reasons);
  if (tally.lag >= 0) share.lag = tally.lag;
  share.unavailable_since_ms =
      tally.unavailable ? std::max(around.now_ms - tally.unavailable_for.count(), breaker.since_ms) : -1;
  if (tally.successes != 0) {
    breaker.run = 0;
    breaker.run_by.clear();
  }
  if (tally.trailing != 0) {
    if (breaker.run == 0) breaker.run_since_ms = around.now_ms;
    breaker.run += tally.trailing;
    breaker.run_by.insert(share.instance);
  }
  forget_old(breaker, around.now_ms);
  for (const auto rule : {window_rule, run_rule, unavailable_rule}) {
    if (auto reason = rule(breaker, around)) {
      open(breaker, std::move(*reason), around);
      break;
    }
  }
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record&, const SetRules& rules, const Circumstances&) {
  breaker.rules = rules.rules;
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record&, const Open& body, const Circumstances& around) {
  if (breaker.state == Breaker::State::kOpen) return "it is open already";
  open(breaker, "opened by " + body.by + (body.reason.empty() ? "" : ": " + body.reason), around);
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record& record, const NotifyClaim& claim, const Circumstances& around) {
  if (breaker.state != Breaker::State::kOpen) return "it is not open";
  if (breaker.notified) return "people were told";
  const bool mine = breaker.notifier && breaker.notifier->incarnation == record.author.incarnation;
  if (breaker.notifier && !mine && around.now_ms - breaker.notifier->at_ms < Breaker::kNotifyLease.count()) {
    return "another instance tells people";
  }
  if (!mine && claim.token_hash.empty()) return "a claim needs a link's token";
  breaker.notifier = Breaker::Claim{record.author.incarnation, around.now_ms, -1};
  if (claim.token_hash.empty()) return std::nullopt;
  breaker.tokens.push_back({claim.token_hash, breaker.generation, around.now_ms + claim.valid_for.count(), false});
  if (breaker.tokens.size() > Breaker::kMostTokens) breaker.tokens.erase(breaker.tokens.begin());
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record& record, const Notified&, const Circumstances&) {
  if (!breaker.notifier || breaker.notifier->incarnation != record.author.incarnation) return "it had no claim";
  breaker.notified = true;
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record&, const Resume& resume, const Circumstances& around) {
  if (breaker.state == Breaker::State::kHalfOpen) return "it is being tried already";
  if (breaker.state == Breaker::State::kClosed) return "it is closed";
  if (resume.way == Resume::Way::kLink) {
    if (auto trouble = breaker.link_trouble(resume.token_hash, around.now_ms)) return trouble;
    for (Breaker::Token& token : breaker.tokens) token.used |= token.hash == resume.token_hash;
  } else if (resume.way == Resume::Way::kCoolDown) {
    const auto end = breaker.cool_down_ends_ms();
    if (!end || around.now_ms < *end) return "its cool-down is not over";
  }
  breaker.state = Breaker::State::kHalfOpen;
  breaker.since_ms = around.now_ms;
  breaker.since_offset = around.offset;
  breaker.prober.reset();
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record& record, const ProbeClaim& claim, const Circumstances& around) {
  if (breaker.state != Breaker::State::kHalfOpen) return "it is not being tried";
  const bool mine = breaker.prober && breaker.prober->incarnation == record.author.incarnation;
  if (breaker.prober && !mine && around.alive.contains(breaker.prober->incarnation)) return "another instance tries";
  if (claim.partition >= 0) {
    breaker.prober = Breaker::Claim{record.author.incarnation, around.now_ms, claim.partition};
  } else if (mine) {
    breaker.prober.reset();
  }
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record& record, const ProbeResult& result, const Circumstances& around) {
  const bool mine = breaker.prober && breaker.prober->incarnation == record.author.incarnation;
  if (breaker.state != Breaker::State::kHalfOpen || !mine) return "it is not its to try";
  if (result.ok) {
    close(breaker, around);
    return std::nullopt;
  }
  ++breaker.failed_probes;
  open(breaker, "a try failed: " + result.reason, around);
  return std::nullopt;
}

Refusal take(Breaker& breaker, const Record&, const Close&, const Circumstances& around) {
  if (breaker.state == Breaker::State::kClosed) return "it is closed";
  close(breaker, around);
  return std::nullopt;
}

// Records of no breaker.
template <class Body>
Refusal take(Breaker&, const Record&, const Body&, const Circumstances&) {
  return "it is of no breaker";
}

}  // namespace

Count Breaker::failures(std::int64_t now_ms) const {
  const std::int64_t begin = now_ms - rules.window.count();
  Count total = 0;
  for (const auto& [incarnation, share] : shares) {
    for (const auto& [at, count] : share.failures) total += at > begin ? count : 0;
  }
  return total;
}

std::optional<std::int64_t> Breaker::cool_down_ends_ms() const {
  if (state != State::kOpen || rules.cool_down.count() == 0) return std::nullopt;
  return since_ms + (rules.cool_down.count() << std::min(failed_probes, kMostDoublings));
}

std::optional<std::string> Breaker::link_trouble(const std::string& token_hash, std::int64_t now_ms) const {
  const auto token =
      std::find_if(tokens.begin(), tokens.end(), [&](const Token& each) { return each.hash == token_hash; });
  if (token == tokens.end()) return "this link is not known: it was never given out, or long ago";
  if (token->used) return "this link was used already";
  if (token->generation != generation || state == State::kClosed) {
    return "this link is for an earlier opening, which is over";
  }
  if (now_ms >= token->expires_ms) return "this link has expired";
  return std::nullopt;
}

const char* Breaker::state_name() const {
  switch (state) {
    case State::kClosed:
      return "closed";
    case State::kOpen:
      return "open";
    case State::kHalfOpen:
      break;
  }
  return "half-open";
}

std::optional<std::string> apply(Breaker& breaker, const Record& record, const Circumstances& around) {
  if (!std::holds_alternative<SetRules>(record.body)) {
    if (auto refusal = other_generation(breaker, record)) {
      // A link says itself what is wrong with it.
      const auto* resume = std::get_if<Resume>(&record.body);
      const bool link = resume != nullptr && resume->way == Resume::Way::kLink;
      const auto trouble = link ? breaker.link_trouble(resume->token_hash, around.now_ms) : std::nullopt;
      return trouble ? trouble : refusal;
    }
  }
  return std::visit([&](const auto& body) { return take(breaker, record, body, around); }, record.body);
}

}  // namespace hubferry::control

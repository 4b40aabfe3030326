#include <spdlog/spdlog.h>

#include <algorithm>

#include "control/edge.h"
#include "control/token.h"

// What people are told, and what they ask for.

namespace hubferry::control {
namespace {

constexpr Milliseconds kCommandTimeout{15'000};
constexpr Milliseconds kOwnNoticeAfter{10'000};

}  // namespace

NoticeContext Control::Edge::context_of(const Breakers& each, bool shared) const {
  return {each.route.name,
          each.route.group,
          options_.control.instance,
          options_.notify.public_url,
          shared,
          options_.notify.link_valid_for};
}

// One at a time: a claim lasts as long as one attempt may take.
void Control::Edge::tell_people(Instant now) {
  if (notifier_ == nullptr || telling_ || halted_) return;
  bool shared = true;
  auto notice = shared_ ? shared_->next_notice(now) : std::nullopt;
  if (!notice) {
    shared = false;
    // This instance's own breaker may be about to become that of all instances.
    const Milliseconds patience = log_ == nullptr ? Milliseconds(0) : kOwnNoticeAfter;
    const bool due = std::any_of(breakers_.begin(), breakers_.end(), [&](const auto& each) {
      return each->own_counts && now - each->own_since >= patience;
    });
    if (!due) return;
    notice = own_->next_notice(now);
  }
  if (!notice) return;
  const auto found =
      std::find_if(breakers_.begin(), breakers_.end(), [&](const auto& each) { return each->name == notice->breaker; });
  telling_ = true;
  notifier_->tell(*notice, context_of(**found, shared),
                  [this, breaker = notice->breaker, generation = notice->generation, shared](Status status) {
                    {
                      const std::lock_guard lock(mutex_);
                      told_.push_back({breaker, generation, shared, std::move(status)});
                    }
                    wake();
                  });
}

void Control::Edge::take_told(Instant now) {
  std::vector<Told> told;
  {
    const std::lock_guard lock(mutex_);
    told.swap(told_);
  }
  for (const Told& each : told) {
    telling_ = false;
    if (each.status) {
      spdlog::info("breaker {}: people were told", each.breaker);
    } else {
      spdlog::error("breaker {}: people could not be told: {}; it is tried again, the breaker is not affected",
                    each.breaker, each.status.error().message);
    }
    member_of(each.shared).noticed(each.breaker, each.generation, each.status.has_value(), now);
  }
}

Control::Edge::Breakers* Control::Edge::find(const std::string& route) {
  const auto found = std::find_if(breakers_.begin(), breakers_.end(),
                                  [&route](const auto& each) { return each->route.name == route; });
  return found == breakers_.end() ? nullptr : found->get();
}

void Control::Edge::command(Command::Kind kind, const std::string& route, const std::string& by,
                            const std::string& text, Answer answer) {
  Pending pending;
  pending.command.kind = kind;
  pending.command.by = by;
  pending.route = route;
  if (kind == Command::Kind::kResumeByLink) {
    pending.command.token_hash = token_hash(text);
  } else {
    pending.command.reason = text;
  }
  pending.answer = std::move(answer);
  pending.deadline = SteadyClock::now() + kCommandTimeout;
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(pending));
  }
  wake();
}

void Control::Edge::take_commands(Instant now) {
  std::vector<Pending> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  for (Pending& each : commands) {
    Breakers* breakers = find(each.route);
    if (breakers == nullptr) {
      each.answer("no consume route with a breaker has this name");
      continue;
    }
    each.command.breaker = breakers->name;
    each.shared = shared_.has_value() && !breakers->own_counts;
    if (each.shared && (trouble_ || !log_is_well(now))) {
      each.answer("the control log cannot be used now" + (trouble_ ? ": " + trouble_->message : std::string()));
      continue;
    }
    if (halted_) {
      each.answer(halted_);
      continue;
    }
    spdlog::warn("route {}: {} asks for the breaker of {} to be {}", each.route, each.command.by,
                 each.shared ? "all instances" : "this instance",
                 each.command.kind == Command::Kind::kOpen    ? "opened"
                 : each.command.kind == Command::Kind::kClose ? "closed"
                                                              : "resumed");
    each.ticket = member_of(each.shared).command(each.command);
    pending_.push_back(std::move(each));
  }
}

void Control::Edge::answer_commands(Instant now) {
  const auto tell = [this](const CommandAnswer& answer, bool shared) {
    const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& each) {
      return each.shared == shared && each.ticket == answer.ticket;
    });
    if (found == pending_.end()) return;
    found->answer(answer.done ? std::nullopt : std::optional(answer.trouble));
    pending_.erase(found);
  };
  if (shared_) {
    for (const CommandAnswer& each : shared_->take_answers()) tell(each, true);
  }
  for (const CommandAnswer& each : own_->take_answers()) tell(each, false);
  std::erase_if(pending_, [this, now](Pending& each) {
    if (now < each.deadline) return false;
    member_of(each.shared).cancel(each.ticket);
    each.answer("the control log has not taken it yet; it may still do so, look again");
    return true;
  });
}

void Control::Edge::publish() {
  std::vector<BreakerView> views;
  std::map<std::string, std::pair<std::optional<Breaker>, Breaker>> states;
  for (const auto& each : breakers_) {
    const Breaker* shared = shared_state(*each);
    auto& state = states[each->route.name];
    state.second = own_state(*each);
    if (shared != nullptr) state.first = *shared;
    BreakerView view;
    view.route = each->route.name;
    view.shared = shared_.has_value() && !each->own_counts;
    const Fold& fold = view.shared ? shared_->fold() : own_->fold();
    if (!view.shared) view.state = state.second;
    if (view.shared && shared != nullptr) view.state = *shared;
    view.now_ms = fold.now_ms();
    view.failures = view.state.failures(view.now_ms);
    view.alive = view.shared ? fold.alive(each->name) : 1;
    view.trouble = halted_          ? *halted_
                   : !view.shared   ? std::string()
                   : trouble_       ? trouble_->message
                   : unknown_since_ ? "the control log is being read"
                                    : std::string();
    views.push_back(std::move(view));
  }
  const std::lock_guard lock(mutex_);
  views_ = std::move(views);
  states_ = std::move(states);
  shared_now_ms_ = shared_ ? shared_->fold().now_ms() : 0;
  own_now_ms_ = own_->fold().now_ms();
}

std::vector<BreakerView> Control::Edge::views() const {
  const std::lock_guard lock(mutex_);
  return views_;
}

std::optional<std::string> Control::Edge::link_trouble(const std::string& route, const std::string& token) const {
  const std::string hash = token_hash(token);
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(route);
  if (found == states_.end()) return "no consume route with a breaker has this name";
  const auto& [shared, own] = found->second;
  const auto own_trouble = own.link_trouble(hash, own_now_ms_);
  if (!own_trouble) return std::nullopt;
  return shared ? shared->link_trouble(hash, shared_now_ms_) : own_trouble;
}

}  // namespace hubferry::control

#include "base/circuit.h"

#include <algorithm>
#include <utility>

namespace hubferry {

void RouteTally::failed(Instant now, const std::string& reason) {
  if (failures.empty() || failures.back().first != now) failures.emplace_back(now, 0);
  ++failures.back().second;
  ++trailing;
  count_reason(reason, 1);
}

void RouteTally::succeeded(std::uint64_t events) {
  successes += events;
  trailing = 0;
}

void RouteTally::count_reason(const std::string& reason, std::uint64_t times) {
  const auto same =
      std::find_if(reasons.begin(), reasons.end(), [&](const auto& each) { return each.first == reason; });
  if (same != reasons.end()) {
    same->second += times;
  } else if (reasons.size() < kMostReasons) {
    reasons.emplace_back(reason, times);
  }
}

void RouteTally::add(const RouteTally& next) {
  failures.insert(failures.end(), next.failures.begin(), next.failures.end());
  if (next.successes != 0) trailing = 0;
  trailing += next.trailing;
  successes += next.successes;
  for (const auto& [reason, times] : next.reasons) count_reason(reason, times);
  state = next.state;
}

void Circuit::tell(const RouteTally& tally) {
  const std::lock_guard lock(mutex_);
  const bool probes = permit_.kind != Permit::Kind::kClosed &&
                      (tally.state.probe_done != tally_.state.probe_done || tally.state.probe_failure.has_value());
  const bool urgent = !tally.failures.empty() || probes;
  tally_.add(tally);
  if (urgent && on_tell_) on_tell_();
}

Permit Circuit::permit() const {
  const std::lock_guard lock(mutex_);
  return permit_;
}

void Circuit::watch(std::function<void()> on_change) {
  const std::lock_guard lock(mutex_);
  on_change_ = std::move(on_change);
}

void Circuit::listen(std::function<void()> on_tell) {
  const std::lock_guard lock(mutex_);
  on_tell_ = std::move(on_tell);
}

RouteTally Circuit::take() {
  const std::lock_guard lock(mutex_);
  RouteTally taken = std::exchange(tally_, RouteTally());
  tally_.state = taken.state;
  return taken;
}

void Circuit::set(const Permit& permit) {
  const std::lock_guard lock(mutex_);
  if (permit == permit_) return;
  permit_ = permit;
  if (on_change_) on_change_();
}

}  // namespace hubferry

#include "control/breaker_report.h"

#include <spdlog/spdlog.h>

#include <chrono>

namespace hubferry::control {

BreakerReport::BreakerReport(const std::string& route, observe::Metrics& metrics, observe::Health& health)
    : route_(route),
      health_(health),
      state_(metrics.gauge("hubferry_breaker_state", "0: closed, 1: half-open, 2: open.", {{"route", route}})),
      generation_(metrics.gauge("hubferry_breaker_generation", "Rises with each closing and each failed try.",
                                {{"route", route}})),
      failures_(metrics.gauge("hubferry_breaker_window_failures", "Final failures within the breaker's window.",
                              {{"route", route}})),
      own_open_(metrics.gauge("hubferry_breaker_own_open", "1: this instance stopped itself, whatever the others do.",
                              {{"route", route}})),
      openings_(metrics.counter("hubferry_breaker_openings_total", "Openings that this instance has seen.",
                                {{"route", route}})),
      open_seconds_(metrics.counter("hubferry_breaker_open_seconds_total", "Time in which the breaker was not closed.",
                                    {{"route", route}})) {}

void BreakerReport::show(const Breaker& state, bool shared, std::int64_t log_ms, bool own_open, Instant now) {
  const bool closed = state.state == Breaker::State::kClosed;
  state_.Set(closed ? 0 : state.state == Breaker::State::kHalfOpen ? 1 : 2);
  generation_.Set(static_cast<double>(state.generation));
  failures_.Set(static_cast<double>(state.failures(log_ms)));
  own_open_.Set(own_open ? 1 : 0);
  if (seen_ != Breaker::State::kClosed) open_seconds_.Increment(std::chrono::duration<double>(now - seen_at_).count());
  seen_at_ = now;
  const std::string whose = shared ? "of all instances" : "of this instance only";
  if (state.state != seen_ || shared != seen_shared_) {
    if (closed) {
      if (seen_ != Breaker::State::kClosed) spdlog::warn("route {}: the breaker is closed: delivering again", route_);
    } else if (state.state == Breaker::State::kOpen) {
      openings_.Increment();
      spdlog::error(
          "route {}: the breaker {} is OPEN (generation {}, offset {}): {}; nothing is delivered until it is "
          "resumed (link, console, or hubferryctl breaker)",
          route_, whose, state.generation, state.since_offset, state.reason);
    } else {
      spdlog::warn("route {}: the breaker {} is half-open: a few events are tried", route_, whose);
    }
    seen_ = state.state;
    seen_shared_ = shared;
  }
  std::string reason;
  if (!closed) reason = std::string(state.state_name()) + " (" + whose + "): " + state.reason;
  health_.set("breaker." + route_, closed ? observe::Health::State::kReady : observe::Health::State::kDegraded, reason);
}

void BreakerReport::waits(const std::string& why) {
  health_.set("breaker." + route_, observe::Health::State::kDegraded, why);
}

ControlReport::ControlReport(observe::Metrics& metrics)
    : records_(metrics.counter("hubferry_control_records_total", "Records read from the control log.", {})),
      garbage_(metrics.counter("hubferry_control_garbage_total",
                               "Records in the control topic that are none of HubFerry's; they are skipped.", {})),
      position_(metrics.gauge("hubferry_control_position", "Offset in the control log that comes next.", {})),
      appends_(metrics.gauge("hubferry_control_appends", "Records written to the control log since the start.", {})),
      append_failures_(metrics.gauge("hubferry_control_append_failures",
                                     "Appends to the control log that had to be tried again, since the start.", {})),
      notices_(metrics.gauge("hubferry_breaker_notifications", "Openings people were told of, since the start.", {})),
      notice_failures_(metrics.gauge("hubferry_breaker_notification_failures",
                                     "Attempts to tell people that failed, since the start.", {})),
      overshoot_(metrics.gauge("hubferry_breaker_overshoot_events",
                               "Events that failed for good after their breaker had opened, since the start; they are "
                               "kept.",
                               {})) {}

void ControlReport::show(const Member::Statistics& shared, const Member::Statistics& own) {
  const auto set = [](prometheus::Gauge& gauge, std::uint64_t value) { gauge.Set(static_cast<double>(value)); };
  set(appends_, shared.appends);
  set(append_failures_, shared.append_failures);
  set(notices_, shared.notices + own.notices);
  set(notice_failures_, shared.notice_failures + own.notice_failures);
  set(overshoot_, shared.overshoot != 0 ? shared.overshoot : own.overshoot);
}

}  // namespace hubferry::control

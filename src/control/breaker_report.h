#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "control/member.h"
#include "observe/health.h"
#include "observe/metrics.h"

namespace hubferry::control {

// What one breaker tells the operator: metrics, health, log lines when its state changes. One thread.
class BreakerReport {
 public:
  BreakerReport(const std::string& route, observe::Metrics& metrics, observe::Health& health);

  // The breaker that counts; `shared`: it is that of all instances. `own_open`: this instance stopped itself.
  void show(const Breaker& state, bool shared, std::int64_t log_ms, bool own_open, Instant now);
  // Nothing is known of it yet: nothing is delivered.
  void waits(const std::string& why);

 private:
  const std::string route_;
  observe::Health& health_;
  prometheus::Gauge& state_;
  prometheus::Gauge& generation_;
  prometheus::Gauge& failures_;
  prometheus::Gauge& own_open_;
  prometheus::Counter& openings_;
  prometheus::Counter& open_seconds_;
  Breaker::State seen_ = Breaker::State::kClosed;
  bool seen_shared_ = true;
  Instant seen_at_{};
};

// The same of the control log and the members.
class ControlReport {
 public:
  explicit ControlReport(observe::Metrics& metrics);

  void record() { records_.Increment(); }
  void garbage() { garbage_.Increment(); }
  void position(std::int64_t offset) { position_.Set(static_cast<double>(offset)); }
  void show(const Member::Statistics& shared, const Member::Statistics& own);

 private:
  prometheus::Counter& records_;
  prometheus::Counter& garbage_;
  prometheus::Gauge& position_;
  prometheus::Gauge& appends_;
  prometheus::Gauge& append_failures_;
  prometheus::Gauge& notices_;
  prometheus::Gauge& notice_failures_;
  prometheus::Gauge& overshoot_;
};

}  // namespace hubferry::control

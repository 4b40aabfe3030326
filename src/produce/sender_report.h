#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "observe/health.h"
#include "observe/metrics.h"
#include "observe/outage.h"
#include "spool/spool.h"

namespace hubferry::produce {

// What one produce route tells the operator: metrics, health, log lines of an outage. One thread.
class SenderReport {
 public:
  SenderReport(const std::string& route, observe::Metrics& metrics, observe::Health& health);

  void acknowledged() { acknowledged_.Increment(); }
  void rebuilt() { rebuilds_.Increment(); }
  void throttled(Milliseconds duration) { throttled_.Increment(static_cast<double>(duration.count()) / 1e3); }
  void refused() { refused_.Increment(); }
  void reconciled(std::uint64_t events) { reconciled_.Increment(static_cast<double>(events)); }
  void reconcile_skipped() { reconcile_skipped_.Increment(); }
  // A send that failed, by its class.
  void failed(const Error& error);

  void show(const spool::Statistics& statistics, std::uint64_t in_flight);
  // `trouble`: why nothing can be sent, if so.
  void show_health(const spool::Statistics& statistics, bool writable, std::optional<std::string> trouble, Instant now);

 private:
  observe::Metrics::Labels labels() const { return {{"route", route_}}; }

  const std::string route_;
  observe::Metrics& metrics_;
  observe::Health& health_;
  prometheus::Counter& acknowledged_;
  prometheus::Counter& rebuilds_;
  prometheus::Counter& throttled_;
  prometheus::Counter& refused_;
  prometheus::Counter& reconciled_;
  prometheus::Counter& reconcile_skipped_;
  prometheus::Gauge& spool_bytes_;
  prometheus::Gauge& spool_events_;
  prometheus::Gauge& spool_age_;
  prometheus::Gauge& in_flight_;
  prometheus::Gauge& quarantined_;
  std::map<ErrorCode, prometheus::Counter*> failures_;
  observe::OutageLog outage_;
};

}  // namespace hubferry::produce

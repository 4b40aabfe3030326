#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "consume/dispatcher.h"
#include "consume/group_watch.h"
#include "deliver/handler.h"
#include "observe/health.h"
#include "observe/metrics.h"
#include "observe/outage.h"

namespace hubferry::consume {

// What one consume route tells the operator: metrics, health, log lines of an outage. One thread.
class RouteReport {
 public:
  RouteReport(const std::string& route, const std::string& handler, observe::Metrics& metrics, observe::Health& health);

  void done(std::size_t events);
  void not_done(const deliver::Outcome& outcome);
  void dead_letter(const Status& status);
  void committed(const Status& status);
  void expired(std::int64_t events) { expired_.Increment(static_cast<double>(events)); }
  void assigned(std::size_t partitions) { partitions_.Set(static_cast<double>(partitions)); }
  void rebuilt() { rebuilds_.Increment(); }
  // Logs what it finds.
  void found(const GroupWatch::Findings& findings);

  // Counters and gauges that the dispatcher knows.
  void show(const Dispatcher& dispatcher);
  // `trouble`: why the consumer does not work, if so.
  void show_health(const Dispatcher& dispatcher, const std::optional<std::string>& trouble, Instant now);

 private:
  observe::Metrics::Labels labels() const { return {{"route", route_}}; }
  prometheus::Counter& counter(const std::string& name, const std::string& help);
  prometheus::Gauge& gauge(const std::string& name, const std::string& help);

  const std::string route_;
  const std::string handler_;
  observe::Metrics& metrics_;
  observe::Health& health_;
  prometheus::Counter& delivered_;
  prometheus::Counter& failures_;
  prometheus::Counter& unavailable_;
  prometheus::Counter& dead_letters_;
  prometheus::Counter& dead_letter_failures_;
  prometheus::Counter& resends_;
  prometheus::Counter& repeats_avoided_;
  prometheus::Counter& expired_;
  prometheus::Counter& stalls_;
  prometheus::Counter& rebuilds_;
  prometheus::Counter& commits_;
  prometheus::Counter& commit_failures_;
  prometheus::Gauge& partitions_;
  prometheus::Gauge& buffered_;
  prometheus::Gauge& in_flight_;
  prometheus::Gauge& lag_;
  prometheus::Gauge& near_retention_;
  prometheus::Gauge& parked_;
  prometheus::Gauge& paused_;
  observe::OutageLog outage_;
  std::optional<std::string> handler_trouble_;
  std::optional<std::string> retention_trouble_;
  Dispatcher::Statistics shown_;
};

std::string listed(const std::vector<std::int32_t>& partitions);

}  // namespace hubferry::consume

#include "consume/route_report.h"

#include <spdlog/spdlog.h>

namespace hubferry::consume {

std::string listed(const std::vector<std::int32_t>& partitions) {
  std::string text = "[";
  for (const std::int32_t partition : partitions) {
    if (text.size() > 1) text += ',';
    text += std::to_string(partition);
  }
  return text + "]";
}

prometheus::Counter& RouteReport::counter(const std::string& name, const std::string& help) {
  return metrics_.counter(name, help, labels());
}
prometheus::Gauge& RouteReport::gauge(const std::string& name, const std::string& help) {
  return metrics_.gauge(name, help, labels());
}

RouteReport::RouteReport(const std::string& route, const std::string& handler, observe::Metrics& metrics,
                         observe::Health& health)
    : route_(route),
      handler_(handler),
      metrics_(metrics),
      health_(health),
      delivered_(counter("hubferry_events_delivered_total", "Events the handler finished.")),
      failures_(counter("hubferry_delivery_failures_total", "Attempts that failed.")),
      unavailable_(
          counter("hubferry_handler_unavailable_total", "Deliveries put off because the handler was not available.")),
      dead_letters_(counter("hubferry_events_dead_lettered_total", "Events stored in the dead-letter topic.")),
      dead_letter_failures_(counter("hubferry_dead_letter_failures_total",
                                    "Dead letters that could not be stored; they are tried again.")),
      resends_(counter("hubferry_resends_skipped_total", "Records a HubFerry producer had sent twice.")),
      repeats_avoided_(counter("hubferry_repeats_avoided_total",
                               "Events above the checkpoint that were known to be finished after an assignment.")),
      expired_(counter("hubferry_events_expired_total", "Events that retention removed before they were read.")),
      stalls_(counter("hubferry_fetch_stalls_total",
                      "Partitions with more to fetch that gave nothing for 30 s: suspected throttling.")),
      rebuilds_(counter("hubferry_consumer_rebuilds_total", "Consumers given up for a new one.")),
      commits_(counter("hubferry_commits_total", "Checkpoints committed.")),
      commit_failures_(counter("hubferry_commit_failures_total", "Commits the broker refused.")),
      partitions_(gauge("hubferry_assigned_partitions", "Partitions this instance reads.")),
      buffered_(gauge("hubferry_consume_buffered_events", "Events fetched and not finished.")),
      in_flight_(gauge("hubferry_consume_in_flight_events", "Events at the handler.")),
      lag_(gauge("hubferry_consume_lag_events", "Events of this instance's partitions that are not finished.")),
      near_retention_(
          gauge("hubferry_partitions_near_retention",
                "Partitions whose next event is among the oldest fifth that retention has left, or older than "
                "four fifths of retention.ms.")),
      parked_(gauge("hubferry_parked_keys", "Keys whose events follow a dead letter.")),
      paused_(gauge("hubferry_route_paused", "1: an operator has paused the route in this instance.")) {}

void RouteReport::done(std::size_t events) {
  delivered_.Increment(static_cast<double>(events));
  handler_trouble_.reset();
}

void RouteReport::not_done(const deliver::Outcome& outcome) {
  (outcome.verdict == deliver::Verdict::kUnavailable ? unavailable_ : failures_).Increment();
  handler_trouble_ = "handler " + handler_ + ": " + outcome.reason;
}

void RouteReport::dead_letter(const Status& status) {
  (status ? dead_letters_ : dead_letter_failures_).Increment();
}

void RouteReport::committed(const Status& status) {
  if (status) return commits_.Increment();
  commit_failures_.Increment();
  spdlog::warn("route {}: a commit failed: {}; it is repeated, or what it covers is delivered again", route_,
               status.error().message);
}

void RouteReport::found(const GroupWatch::Findings& findings) {
  lag_.Set(static_cast<double>(findings.lag));
  near_retention_.Set(static_cast<double>(findings.near_retention.size()));
  stalls_.Increment(static_cast<double>(findings.starved.size()));
  if (!findings.starved.empty()) {
    spdlog::warn(
        "route {}: partitions {} have events, but fetching gave none for {} s: the broker may be throttling this "
        "client",
        route_, listed(findings.starved), GroupWatch::kLookUpInterval.count() / 1000);
  }
  retention_trouble_.reset();
  if (findings.near_retention.empty()) return;
  retention_trouble_ = "partitions " + listed(findings.near_retention) +
                       " lag so far behind that retention will soon remove events that were not processed: give the "
                       "topic a longer retention or the route more power";
}

void RouteReport::show(const Dispatcher& dispatcher) {
  buffered_.Set(static_cast<double>(dispatcher.buffered()));
  in_flight_.Set(static_cast<double>(dispatcher.in_flight()));
  parked_.Set(static_cast<double>(dispatcher.parked_keys()));
  paused_.Set(dispatcher.paused() ? 1 : 0);
  const Dispatcher::Statistics& now = dispatcher.statistics();
  resends_.Increment(static_cast<double>(now.resends_skipped - shown_.resends_skipped));
  repeats_avoided_.Increment(static_cast<double>(now.repeats_avoided - shown_.repeats_avoided));
  shown_ = now;
}

void RouteReport::show_health(const Dispatcher& dispatcher, const std::optional<std::string>& trouble, Instant now) {
  std::optional<std::string> reason = dispatcher.dead_letter_trouble();
  if (!reason) reason = trouble;
  if (!reason) reason = handler_trouble_;
  if (!reason) reason = retention_trouble_;
  observe::log_outage(outage_, route_, reason, "delivering again", now);
  if (!reason && dispatcher.paused()) reason = "paused by an operator";
  health_.set("consume." + route_, reason ? observe::Health::State::kDegraded : observe::Health::State::kReady,
              reason.value_or(""));
}

}  // namespace hubferry::consume

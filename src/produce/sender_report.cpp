#include "produce/sender_report.h"

#include <algorithm>

namespace hubferry::produce {
namespace {

const char* reason_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kTooLarge:
      return "too-large";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kConflict:
      return "fenced";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kClosed:
      return "given-up";
    default:
      return "internal";
  }
}

}  // namespace

SenderReport::SenderReport(const std::string& route, observe::Metrics& metrics, observe::Health& health)
    : route_(route),
      metrics_(metrics),
      health_(health),
      acknowledged_(metrics.counter("hubferry_events_acknowledged_total", "Events stored by the broker.", labels())),
      rebuilds_(metrics.counter("hubferry_producer_rebuilds_total", "Producers given up after an error.", labels())),
      throttled_(metrics.counter("hubferry_broker_throttle_seconds_total", "Throttle time told by brokers.", labels())),
      refused_(metrics.counter("hubferry_events_refused_total",
                               "Events refused by the brokers for good and kept in refused.ndjson.", labels())),
      reconciled_(metrics.counter("hubferry_events_reconciled_total",
                                  "Events found in the topic after a crash, and so not sent again.", labels())),
      reconcile_skipped_(metrics.counter("hubferry_reconcile_incomplete_total",
                                         "Times that events were sent again without knowing what had landed.",
                                         labels())),
      spool_bytes_(metrics.gauge("hubferry_spool_bytes", "Bytes of events kept on disk.", labels())),
      spool_events_(metrics.gauge("hubferry_spool_unacknowledged_events",
                                  "Events on disk that the broker has not acknowledged.", labels())),
      spool_age_(metrics.gauge("hubferry_spool_oldest_age_seconds",
                               "Age of the oldest event that the broker has not acknowledged.", labels())),
      in_flight_(metrics.gauge("hubferry_events_in_flight", "Events sent and not yet acknowledged.", labels())),
      quarantined_(metrics.gauge("hubferry_spool_quarantined_blocks", "Corrupt blocks set aside.", labels())) {
  health_.set("produce." + route_, observe::Health::State::kDegraded, "starting");
}

void SenderReport::failed(const Error& error) {
  prometheus::Counter*& counter = failures_[error.code];
  if (counter == nullptr) {
    auto with_reason = labels();
    with_reason.emplace("reason", reason_of(error.code));
    counter = &metrics_.counter("hubferry_send_failures_total",
                                "Events that a producer reported as not stored; they are sent again or refused.",
                                with_reason);
  }
  counter->Increment();
}

void SenderReport::show(const spool::Statistics& statistics, std::uint64_t in_flight) {
  spool_bytes_.Set(static_cast<double>(statistics.stored_bytes));
  spool_events_.Set(static_cast<double>(statistics.unacknowledged));
  spool_age_.Set(statistics.oldest_ms < 0
                     ? 0.0
                     : static_cast<double>(std::max<std::int64_t>(0, wall_clock_ms() - statistics.oldest_ms)) / 1e3);
  in_flight_.Set(static_cast<double>(in_flight));
  quarantined_.Set(static_cast<double>(statistics.quarantined_blocks));
}

void SenderReport::show_health(const spool::Statistics& statistics, bool writable, std::optional<std::string> trouble,
                               Instant now) {
  if (trouble) *trouble += "; " + std::to_string(statistics.unacknowledged) + " events wait in the spool";
  observe::log_outage(outage_, route_, trouble, "sending again", now);
  const std::string part = "produce." + route_;
  if (!writable) {
    health_.set(part, observe::Health::State::kNotReady, "the spool's disk refuses to store; see the log");
  } else if (trouble) {
    health_.set(part, observe::Health::State::kDegraded, *trouble);
  } else {
    health_.set(part, observe::Health::State::kReady);
  }
}

}  // namespace hubferry::produce

#include "kafka/topic_log.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "kafka/error_class.h"
#include "kafka/log_topic.h"
#include "kafka/topic_commands.h"

namespace hubferry::kafka {
namespace {

using Kind = LogTrouble::Kind;

// poll() looks after its other work at least after so many records.
constexpr int kRecordsPerPoll = 1'000;

}  // namespace

TopicLog::TopicLog(Properties consumer, Properties producer, std::string topic, const Options& options)
    : consumer_(std::move(consumer)),
      producer_(std::move(producer)),
      topic_(std::move(topic)),
      options_(options),
      // Event Hubs stamps the records but may not say so, and how exactly it finds offsets by time is not known.
      check_times_(!options.any_times && !is_event_hubs(consumer_)) {}

void TopicLog::poll(Milliseconds timeout, Listener& listener) {
  bell_.wait(wait_limit(timeout));
  serve_writer(listener);
  serve_reader(listener);
  const Instant now = SteadyClock::now();
  if (const auto survey = survey_.take()) judge(*survey, now, listener);
  if (auto clients = renewal_.take()) take_over(std::move(*clients), now, listener);
  start_job(now);
  trouble_.tell(now, listener);
}

Milliseconds TopicLog::wait_limit(Milliseconds timeout) const {
  if (more_ || !reports_.empty() || (clients_.writer && clients_.writer->has_refused())) return Milliseconds(0);
  const Instant now = SteadyClock::now();
  Milliseconds limit = std::max(timeout, Milliseconds(0));
  const auto until = [&](Instant when) {
    limit = std::clamp(std::chrono::ceil<Milliseconds>(when - now), Milliseconds(0), limit);
  };
  if (!survey_.busy() && !renewal_.busy()) until(look_at_);
  if (const auto due = trouble_.due()) until(*due);
  return limit;
}

void TopicLog::append(std::string value, std::uint64_t ticket) {
  if (clients_.writer) return clients_.writer->append(value, ticket);
  reports_.push_back(not_sent(ticket));
}

LogWriter::Report TopicLog::not_sent(std::uint64_t ticket) const {
  return {ticket,
          fail(ErrorCode::kUnavailable, fmt::format("appending to topic {}: its client is replaced, try again", topic_),
               Disposition::kRetry)};
}

void TopicLog::serve_writer(Listener& listener) {
  if (clients_.writer) {
    clients_.writer->take_reports(reports_);
    note_connection(clients_.writer->take_trouble());
  }
  // A listener may append.
  for (const LogWriter::Report& report : std::exchange(reports_, {})) {
    if (report.offset) {
      trouble_.clear(Kind::kWrite);
      listener.on_appended(report.ticket, *report.offset);
      continue;
    }
    const Error& error = report.offset.error();
    if (report.forbidden) {
      trouble_.set(Kind::kWrite, {ErrorCode::kInvalid, error.message, Disposition::kRetry});
    } else if (error.disposition != Disposition::kReject) {
      look_soon();
    }
    listener.on_append_failed(report.ticket, error);
  }
}

void TopicLog::serve_reader(Listener& listener) {
  more_ = false;
  if (!clients_.reader) return;
  note_connection(clients_.reader->take_trouble());
  for (int taken = 0; reading_; ++taken) {
    if (taken == kRecordsPerPoll) {
      more_ = true;
      return;
    }
    const MessagePtr message = clients_.reader->next();
    if (!message) return;
    take(*message, listener);
  }
}

void TopicLog::take(const rd_kafka_message_t& message, Listener& listener) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset >= next_) return take_record(message, listener);
  if (message.err != RD_KAFKA_RESP_ERR__PARTITION_EOF) return meet_error(message);
  next_ = std::max(next_, message.offset);
  trouble_.clear(Kind::kRead);
  if (!mark_) mark_ = mark();
  listener.on_end(message.offset);
}

void TopicLog::take_record(const rd_kafka_message_t& message, Listener& listener) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t time = rd_kafka_message_timestamp(&message, &type);
  if (check_times_ && !found_.times_told) {
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) {
      trouble_.clear(Kind::kTimes);
    } else if (!trouble_.has(Kind::kTimes)) {
      trouble_.set(Kind::kTimes, {ErrorCode::kInvalid,
                                  fmt::format("control topic {}: {}", topic_, foreign_times_fault(topic_, consumer_)),
                                  Disposition::kRetry});
    }
  }
  next_ = message.offset + 1;
  newest_ms_ = std::max(newest_ms_, time);
  trouble_.clear(Kind::kRead);
  listener.on_record(message.offset, time, {static_cast<const char*>(message.payload), message.len});
}

// Reading goes on with another client, after a look at the topic.
void TopicLog::meet_error(const rd_kafka_message_t& message) {
  reading_ = false;
  renew_reader_ = true;
  const Instant now = SteadyClock::now();
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:  // a record before the position
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      lost_ = true;
      return look_at(now);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      topic_vanished();
      return look_at(now);
    default:
      break;
  }
  Error error =
      make_error(message.err, fmt::format("reading control topic {}", topic_), rd_kafka_message_errstr(&message));
  if (is_forbidden(message.err)) error.code = ErrorCode::kInvalid;
  look_at(trouble_.has(Kind::kRead) ? now + options_.trouble_interval : now);
  trouble_.set(Kind::kRead, std::move(error));
}

void TopicLog::note_connection(std::optional<Error> error) {
  if (!error) return;
  last_seen_ = std::move(error->message);
  look_soon();
}

}  // namespace hubferry::kafka

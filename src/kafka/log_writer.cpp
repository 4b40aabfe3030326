#include "kafka/log_writer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "kafka/configuration.h"
#include "kafka/error_class.h"

namespace hubferry::kafka {
namespace {

// One request at a time keeps the order of records that are sent again.
ClientSettings settings_with(Milliseconds timeout) {
  return {{},
          {{"acks", "all"},
           {"enable.idempotence", "false"},
           {"enable.gapless.guarantee", "false"},
           {"max.in.flight.requests.per.connection", "1"},
           {"linger.ms", "0"},
           {"message.timeout.ms", std::to_string(timeout.count())},
           {"statistics.interval.ms", "0"}},
          RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR};
}

static_assert(sizeof(void*) >= sizeof(std::uint64_t), "a ticket travels as a message's opaque pointer");

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::create(const Properties& properties, const std::string& topic,
                                                     Milliseconds timeout, const Wakeup& bell) {
  auto log = std::make_unique<ClientLog>(fmt::format("log writer of topic {}", topic));
  auto configuration = make_configuration(properties, settings_with(timeout), log.get());
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());
  std::string reason;
  std::unique_ptr<RdKafka::Producer> client(RdKafka::Producer::create(configuration->get(), reason));
  if (!client) return fail(ErrorCode::kInvalid, fmt::format("kafka log writer of topic {}: {}", topic, reason));
  std::unique_ptr<RdKafka::Topic> handle(RdKafka::Topic::create(client.get(), topic, nullptr, reason));
  if (!handle) return fail(ErrorCode::kInvalid, fmt::format("kafka topic {}: {}", topic, reason));
  return std::make_unique<LogWriter>(std::move(log), std::move(client), std::move(handle), bell);
}

LogWriter::LogWriter(std::unique_ptr<ClientLog> log, std::unique_ptr<RdKafka::Producer> client,
                     std::unique_ptr<RdKafka::Topic> topic, const Wakeup& bell)
    : log_(std::move(log)),
      client_(std::move(client)),
      topic_(std::move(topic)),
      events_(rd_kafka_queue_get_main(client_->c_ptr())),
      where_(fmt::format("appending to topic {}", topic_->name())) {
  rd_kafka_queue_io_event_enable(events_.get(), bell.descriptor(), &Wakeup::kRing, sizeof Wakeup::kRing);
}

LogWriter::~LogWriter() {
  rd_kafka_purge(client_->c_ptr(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void LogWriter::append(std::string_view value, std::uint64_t ticket) {
  const int result = rd_kafka_produce(topic_->c_ptr(), 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()),
                                      value.size(), nullptr, 0, reinterpret_cast<void*>(ticket));
  if (result != 0) return refused_.push_back(failed(ticket, rd_kafka_last_error()));
  in_flight_.insert(ticket);
}

LogWriter::Report LogWriter::failed(std::uint64_t ticket, rd_kafka_resp_err_t code) const {
  return {ticket, tl::make_unexpected(make_error(code, where_)), is_forbidden(code)};
}

void LogWriter::take_reports(std::vector<Report>& reports) {
  while (const EventPtr event{rd_kafka_queue_poll(events_.get(), 0)}) take(*event, reports);
  std::move(refused_.begin(), refused_.end(), std::back_inserter(reports));
  refused_.clear();
}

void LogWriter::take(rd_kafka_event_t& event, std::vector<Report>& reports) {
  if (rd_kafka_event_type(&event) == RD_KAFKA_EVENT_ERROR) return trouble_.add(event, where_);
  if (rd_kafka_event_type(&event) != RD_KAFKA_EVENT_DR) return;
  std::array<const rd_kafka_message_t*, 64> batch{};
  while (const std::size_t count = rd_kafka_event_message_array(&event, batch.data(), batch.size())) {
    for (std::size_t i = 0; i < count; ++i) {
      const rd_kafka_message_t& message = *batch[i];
      const auto ticket = reinterpret_cast<std::uint64_t>(message._private);
      in_flight_.erase(ticket);
      const bool stored = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
      reports.push_back(stored ? Report{ticket, message.offset} : failed(ticket, message.err));
    }
  }
}

}  // namespace hubferry::kafka

#include "kafka/producer.h"

#include <librdkafka/rdkafkacpp.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "kafka/client_log.h"
#include "kafka/configuration.h"
#include "kafka/error_class.h"
#include "kafka/handles.h"
#include "kafka/statistics.h"

namespace hubferry::kafka {
namespace {

// poll() returns to its caller after this many reports, so that a flood of them cannot keep it from its other work.
constexpr std::size_t kReportsPerPoll = 10'000;

const ClientSettings kSettings{
    {},
    {{"enable.idempotence", "true"},
     {"acks", "all"},
     {"message.timeout.ms", "0"},
     {"enable.gapless.guarantee", "true"}},
    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS,
};

static_assert(sizeof(void*) >= sizeof(std::uint64_t), "a ticket travels as a message's opaque pointer");

// librdkafka takes a null pointer for "none", so an empty key or value must point somewhere.
void* pointer_to(std::string_view bytes) {
  static char nothing = 0;
  return bytes.data() == nullptr ? &nothing : const_cast<char*>(bytes.data());
}

class TopicProducer final : public Producer {
 public:
  TopicProducer(std::unique_ptr<ClientLog> log, std::unique_ptr<RdKafka::Producer> client,
                std::unique_ptr<RdKafka::Topic> topic);
  ~TopicProducer() override;

  Send send(const Record& record) override;
  Error last_error() const override { return last_error_; }
  std::size_t poll(Milliseconds timeout, Listener& listener) override;
  Result<std::int32_t> partition_count(Milliseconds timeout) override;
  std::size_t in_flight() const override { return in_flight_; }

 private:
  Send refused(const rd_kafka_error_t& error);
  std::size_t serve(rd_kafka_event_t& event, Listener& listener);
  std::size_t serve_reports(rd_kafka_event_t& event, Listener& listener);
  void report(const rd_kafka_message_t& message, Listener& listener);
  void serve_error(rd_kafka_event_t& event, Listener& listener);
  void tell_fatal(Listener& listener);

  std::unique_ptr<ClientLog> log_;
  std::unique_ptr<RdKafka::Producer> client_;
  std::unique_ptr<RdKafka::Topic> topic_;
  QueuePtr queue_;
  std::string where_;  // names the topic in errors
  std::size_t in_flight_ = 0;
  Error last_error_;
  // The client's own reason for having no connection, until metadata arrive: more telling than a request's failure.
  std::optional<Error> trouble_;
  bool trouble_is_specific_ = false;
  bool fatal_told_ = false;
};

TopicProducer::TopicProducer(std::unique_ptr<ClientLog> log, std::unique_ptr<RdKafka::Producer> client,
                             std::unique_ptr<RdKafka::Topic> topic)
    : log_(std::move(log)),
      client_(std::move(client)),
      topic_(std::move(topic)),
      queue_(rd_kafka_queue_get_main(client_->c_ptr())),
      where_(fmt::format("topic {}", topic_->name())) {}

TopicProducer::~TopicProducer() {
  // Not waiting here: destroying the client joins its threads, and nothing reads a record's bytes after that.
  rd_kafka_purge(client_->c_ptr(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

Producer::Send TopicProducer::send(const Record& record) {
  // The list of headers is handed over as one: with single headers produceva() frees them twice when it knows no such
  // partition (librdkafka before 2.12).
  HeadersPtr headers;
  if (!record.headers.empty()) {
    headers.reset(rd_kafka_headers_new(record.headers.size()));
    for (const event::Header& header : record.headers) {
      rd_kafka_header_add(headers.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                          header.value ? pointer_to(*header.value) : nullptr,
                          header.value ? static_cast<ssize_t>(header.value->size()) : 0);
    }
  }

  std::array<rd_kafka_vu_t, 6> arguments{};
  std::size_t count = 0;
  const auto next = [&](rd_kafka_vtype_t type) -> auto& {
    arguments[count].vtype = type;
    return arguments[count++].u;
  };
  next(RD_KAFKA_VTYPE_RKT).rkt = topic_->c_ptr();
  next(RD_KAFKA_VTYPE_PARTITION).i32 = record.partition;
  next(RD_KAFKA_VTYPE_OPAQUE).ptr = reinterpret_cast<void*>(record.ticket);
  next(RD_KAFKA_VTYPE_VALUE).mem = {record.tombstone ? nullptr : pointer_to(record.value), record.value.size()};
  if (record.key) next(RD_KAFKA_VTYPE_KEY).mem = {pointer_to(*record.key), record.key->size()};
  if (headers) next(RD_KAFKA_VTYPE_HEADERS).headers = headers.get();

  if (const ErrorPtr error{rd_kafka_produceva(client_->c_ptr(), arguments.data(), count)}) return refused(*error);
  (void)headers.release();  // librdkafka owns them now
  ++in_flight_;
  return Send::kQueued;
}

Producer::Send TopicProducer::refused(const rd_kafka_error_t& error) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  if (rd_kafka_error_is_fatal(&error) == 0) {
    switch (code) {
      case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return Send::kQueueFull;
      case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return Send::kUnknownPartition;
      default:
        last_error_ = make_error(code, where_);
        return Send::kFailed;
    }
  }
  last_error_ = make_fatal_error(code, where_, rd_kafka_error_string(&error));
  return Send::kFailed;
}

std::size_t TopicProducer::poll(Milliseconds timeout, Listener& listener) {
  std::size_t reports = 0;
  auto wait = static_cast<int>(std::clamp<Milliseconds::rep>(timeout.count(), 0, 60'000));
  while (reports < kReportsPerPoll) {
    const EventPtr event(rd_kafka_queue_poll(queue_.get(), wait));
    if (!event) break;
    reports += serve(*event, listener);
    wait = 0;
  }
  if (const auto throttle = log_->take_throttle()) listener.on_throttled(*throttle);
  return reports;
}

std::size_t TopicProducer::serve(rd_kafka_event_t& event, Listener& listener) {
  switch (rd_kafka_event_type(&event)) {
    case RD_KAFKA_EVENT_DR:
      return serve_reports(event, listener);
    case RD_KAFKA_EVENT_ERROR:
      serve_error(event, listener);
      return 0;
    case RD_KAFKA_EVENT_STATS:
      if (const auto up = brokers_up(rd_kafka_event_stats(&event))) listener.on_statistics(*up);
      return 0;
    default:
      return 0;
  }
}

std::size_t TopicProducer::serve_reports(rd_kafka_event_t& event, Listener& listener) {
  std::array<const rd_kafka_message_t*, 256> batch{};
  std::size_t total = 0;
  while (const std::size_t count = rd_kafka_event_message_array(&event, batch.data(), batch.size())) {
    for (std::size_t i = 0; i < count; ++i) report(*batch[i], listener);
    total += count;
  }
  return total;
}

void TopicProducer::report(const rd_kafka_message_t& message, Listener& listener) {
  --in_flight_;
  const auto ticket = reinterpret_cast<std::uint64_t>(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    listener.on_acknowledged(ticket, message.partition, message.offset);
  } else {
    listener.on_failed(ticket, make_error(message.err, fmt::format("{} partition {}", where_, message.partition)));
  }
}

void TopicProducer::serve_error(rd_kafka_event_t& event, Listener& listener) {
  if (rd_kafka_event_error_is_fatal(&event) != 0) return tell_fatal(listener);
  const rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  const Error error = make_error(code, where_, rd_kafka_event_error_string(&event));
  const bool specific = !is_connection_trouble(code);
  if (specific || !trouble_is_specific_) {
    trouble_ = error;
    trouble_is_specific_ = specific;
  }
  if (!specific) {
    spdlog::debug("kafka {}", error.message);
  } else {
    log_->warn(rd_kafka_err2name(code), error.message);
  }
}

void TopicProducer::tell_fatal(Listener& listener) {
  if (std::exchange(fatal_told_, true)) return;
  std::string reason;
  const RdKafka::ErrorCode code = client_->fatal_error(reason);
  listener.on_fatal(make_fatal_error(static_cast<rd_kafka_resp_err_t>(code), where_, reason));
}

Result<std::int32_t> TopicProducer::partition_count(Milliseconds timeout) {
  RdKafka::Metadata* answer = nullptr;
  const RdKafka::ErrorCode result = client_->metadata(
      false, topic_.get(), &answer, static_cast<int>(std::max<Milliseconds::rep>(timeout.count(), 1)));
  const std::unique_ptr<RdKafka::Metadata> metadata(answer);
  auto code = static_cast<rd_kafka_resp_err_t>(result);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (const RdKafka::TopicMetadata* topic : *metadata->topics()) {
      if (topic->topic() != topic_->name()) continue;
      code = static_cast<rd_kafka_resp_err_t>(topic->err());
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR && !topic->partitions()->empty()) {
        trouble_.reset();
        trouble_is_specific_ = false;
        return static_cast<std::int32_t>(topic->partitions()->size());
      }
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;  // being created
  }
  Error error = trouble_ && is_connection_trouble(code) ? *trouble_ : make_error(code, where_);
  if (error.code != ErrorCode::kNotFound) error.code = ErrorCode::kUnavailable;
  error.disposition = Disposition::kRetry;
  return tl::make_unexpected(std::move(error));
}

}  // namespace

Result<std::unique_ptr<Producer>> Producer::create(const Properties& properties, const std::string& topic) {
  auto log = std::make_unique<ClientLog>(fmt::format("producer of topic {}", topic));
  auto configuration = make_configuration(properties, kSettings, log.get());
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());

  std::string reason;
  std::unique_ptr<RdKafka::Producer> client(RdKafka::Producer::create(configuration->get(), reason));
  if (!client) return fail(ErrorCode::kInvalid, fmt::format("kafka producer of topic {}: {}", topic, reason));
  std::unique_ptr<RdKafka::Topic> handle(RdKafka::Topic::create(client.get(), topic, nullptr, reason));
  if (!handle) return fail(ErrorCode::kInvalid, fmt::format("kafka topic {}: {}", topic, reason));
  return std::make_unique<TopicProducer>(std::move(log), std::move(client), std::move(handle));
}

}  // namespace hubferry::kafka

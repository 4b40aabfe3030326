#include "kafka/tail_reader.h"

#include <librdkafka/rdkafkacpp.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "kafka/error_class.h"
#include "kafka/handles.h"
#include "kafka/simple_client.h"

namespace hubferry::kafka {
namespace {

constexpr std::size_t kRecordsPerPoll = 10'000;
// ListOffsets takes -1 for the end of a partition where a time would stand (KIP-79).
constexpr std::int64_t kLatest = -1;

const ClientSettings kSettings{
    {},
    {{"enable.partition.eof", "true"},
     {"auto.offset.reset", "earliest"},
     {"isolation.level", "read_uncommitted"},
     {"enable.auto.commit", "false"},
     {"enable.auto.offset.store", "false"},
     {"fetch.wait.max.ms", "100"},  // the end of a partition is told by an empty answer
     {"queued.max.messages.kbytes", "16384"}},
    0,
};

// Whether waiting helps.
bool is_final(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
      return true;
    default:
      return false;
  }
}

Error error_of(rd_kafka_resp_err_t code, const std::string& where) {
  Error error = make_error(code, where);
  error.disposition = is_final(code) ? Disposition::kReject : Disposition::kRetry;
  return error;
}

class SimpleReader final : public TailReader {
 public:
  SimpleReader(SimpleClient client, std::string header)
      : client_(std::move(client)),
        queue_(rd_kafka_queue_new(client_.consumer->c_ptr())),
        header_(std::move(header)),
        where_(fmt::format("reading back topic {}", client_.topic->name())) {}

  ~SimpleReader() override {
    for (const std::int32_t partition : started_) rd_kafka_consume_stop(client_.topic->c_ptr(), partition);
  }

  Result<std::vector<std::int64_t>> end_offsets(std::int32_t partitions, Milliseconds timeout) override {
    const PartitionListPtr list(rd_kafka_topic_partition_list_new(partitions));
    for (std::int32_t p = 0; p < partitions; ++p) {
      rd_kafka_topic_partition_list_add(list.get(), client_.topic->name().c_str(), p)->offset = kLatest;
    }
    const auto wait = static_cast<int>(std::clamp<Milliseconds::rep>(timeout.count(), 1, 600'000));
    const auto code = rd_kafka_offsets_for_times(client_.consumer->c_ptr(), list.get(), wait);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::make_unexpected(error_of(code, where_));
    std::vector<std::int64_t> ends;
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& partition = list->elems[i];
      if (partition.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return tl::make_unexpected(error_of(partition.err, fmt::format("{} partition {}", where_, i)));
      }
      if (partition.offset < 0) {
        return fail(ErrorCode::kUnavailable, fmt::format("{} partition {}: the end offset was not told", where_, i),
                    Disposition::kRetry);
      }
      ends.push_back(partition.offset);
    }
    return ends;
  }

  Status start(std::int32_t partition, std::int64_t offset) override {
    if (rd_kafka_consume_start_queue(client_.topic->c_ptr(), partition, offset, queue_.get()) != 0) {
      return tl::make_unexpected(error_of(rd_kafka_last_error(), fmt::format("{} partition {}", where_, partition)));
    }
    started_.push_back(partition);
    return {};
  }

  std::size_t poll(Milliseconds timeout, Listener& listener) override {
    client_.consumer->poll(0);  // log lines and client errors
    std::size_t records = 0;
    auto wait = static_cast<int>(std::clamp<Milliseconds::rep>(timeout.count(), 0, 60'000));
    while (records < kRecordsPerPoll) {
      const MessagePtr message(rd_kafka_consume_queue(queue_.get(), wait));
      if (!message) break;
      wait = 0;
      switch (message->err) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
          ++records;
          listener.on_record(message->partition, message->offset, header_of(*message));
          break;
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
          listener.on_end(message->partition, message->offset);
          break;
        default:
          listener.on_error(error_of(message->err, where_));
      }
    }
    return records;
  }

 private:
  std::optional<std::string_view> header_of(const rd_kafka_message_t& message) const {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
    const void* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_header_get_last(headers, header_.c_str(), &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        value == nullptr) {
      return std::nullopt;
    }
    return std::string_view(static_cast<const char*>(value), size);
  }

  SimpleClient client_;
  QueuePtr queue_;
  const std::string header_;
  const std::string where_;
  std::vector<std::int32_t> started_;
};

}  // namespace

Result<std::unique_ptr<TailReader>> TailReader::create(const Properties& properties, const std::string& topic,
                                                       const std::string& header) {
  auto client = SimpleClient::create(properties, kSettings, topic, "read-back");
  if (!client) return tl::make_unexpected(std::move(client).error());
  return std::make_unique<SimpleReader>(std::move(*client), header);
}

}  // namespace hubferry::kafka

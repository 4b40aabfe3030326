#include "kafka/topic_reader.h"

#include <librdkafka/rdkafkacpp.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <utility>

#include "kafka/consumed_record.h"
#include "kafka/error_class.h"
#include "kafka/handles.h"
#include "kafka/positions.h"
#include "kafka/simple_client.h"

namespace hubferry::kafka {
namespace {

constexpr std::size_t kRecordsPerRead = 1'000;

// A range that begins before the oldest record is read from there: what is gone holds no record.
const ClientSettings kSettings{
    {},
    {{"enable.partition.eof", "true"},
     {"auto.offset.reset", "earliest"},
     {"enable.auto.commit", "false"},
     {"enable.auto.offset.store", "false"},
     {"fetch.wait.max.ms", "100"},  // the end of a partition is told by an empty answer
     {"queued.max.messages.kbytes", "16384"}},
    0,
};

// Whether waiting is of no use.
bool is_final(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      return true;
    default:
      return false;
  }
}

class RangeReader final : public TopicReader {
 public:
  explicit RangeReader(SimpleClient client)
      : client_(std::move(client)),
        queue_(rd_kafka_queue_new(client_.consumer->c_ptr())),
        where_(fmt::format("reading topic {}", client_.topic->name())) {}

  ~RangeReader() override {
    for (const auto& [partition, range] : open_) rd_kafka_consume_stop(client_.topic->c_ptr(), partition);
  }

  Status start(const Range& range) {
    if (range.first >= range.end) return {};
    if (rd_kafka_consume_start_queue(client_.topic->c_ptr(), range.partition, range.first, queue_.get()) != 0) {
      return tl::make_unexpected(
          make_error(rd_kafka_last_error(), fmt::format("{} partition {}", where_, range.partition)));
    }
    open_.emplace(range.partition, range);
    return {};
  }

  Status read(Milliseconds timeout, std::vector<event::Record>& records) override {
    client_.consumer->poll(0);  // log lines and client errors
    const std::size_t before = records.size();
    if (Status status = take_fetched(timeout, records); !status) return status;
    if (records.size() > before || open_.empty() || checked_) return {};
    return check_partitions(timeout);
  }

  bool done() const override { return open_.empty(); }

 private:
  Status take_fetched(Milliseconds timeout, std::vector<event::Record>& records) {
    auto wait = static_cast<int>(std::clamp<Milliseconds::rep>(timeout.count(), 0, 60'000));
    const std::size_t limit = records.size() + kRecordsPerRead;
    while (records.size() < limit && !open_.empty()) {
      MessagePtr message(rd_kafka_consume_queue(queue_.get(), wait));
      if (!message) break;
      const auto found = open_.find(message->partition);
      if (found == open_.end()) continue;  // fetched before its partition was stopped
      switch (message->err) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
          wait = 0;
          take(std::move(message), found->second, records);
          break;
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
          if (Status status = reach_end(message->offset, found->second); !status) return status;
          break;
        default:
          return tl::make_unexpected(error_of(*message));
      }
    }
    return {};
  }

  // librdkafka waits in silence for a partition that does not exist.
  Status check_partitions(Milliseconds timeout) {
    const auto count =
        partition_count(*client_.consumer->c_ptr(), client_.topic->name(), {.deadline = SteadyClock::now() + timeout});
    if (!count && count.error().code != ErrorCode::kNotFound) return {};
    const std::int32_t last = open_.rbegin()->first;
    if (count && last < *count) {
      checked_ = true;
      return {};
    }
    if (!count) return fail(ErrorCode::kNotFound, fmt::format("{}: {}", where_, count.error().message));
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: partition {} does not exist, the topic has {}", where_, last, *count));
  }

  void take(MessagePtr message, const Range& range, std::vector<event::Record>& records) {
    const bool last = message->offset >= range.end - 1;
    // Below the first: the topic was created anew with fewer records.
    if (message->offset >= range.first && message->offset < range.end) records.push_back(to_record(std::move(message)));
    if (last) finish(range.partition);
  }

  Status reach_end(std::int64_t end, const Range& range) {
    if (end >= range.end) {
      finish(range.partition);
    } else if (end < range.first) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} partition {}: it ends at offset {}, before {}: the topic was cut or created anew",
                              where_, range.partition, end, range.first));
    }
    return {};
  }

  void finish(std::int32_t partition) {
    rd_kafka_consume_stop(client_.topic->c_ptr(), partition);
    open_.erase(partition);
  }

  Error error_of(const rd_kafka_message_t& message) const {
    Error error = make_error(message.err, fmt::format("{} partition {}", where_, message.partition),
                             rd_kafka_message_errstr(&message));
    error.disposition = is_final(message.err) ? Disposition::kReject : Disposition::kRetry;
    return error;
  }

  SimpleClient client_;
  QueuePtr queue_;
  const std::string where_;
  std::map<std::int32_t, Range> open_;  // not yet read to the end
  bool checked_ = false;                // all of `open_` exist
};

}  // namespace

Result<std::unique_ptr<TopicReader>> TopicReader::create(const Properties& properties, const std::string& topic,
                                                         const std::vector<Range>& ranges) {
  auto client = SimpleClient::create(properties, kSettings, topic, "reader");
  if (!client) return tl::make_unexpected(std::move(client).error());
  auto reader = std::make_unique<RangeReader>(std::move(*client));
  for (const Range& range : ranges) {
    if (Status status = reader->start(range); !status) return tl::make_unexpected(std::move(status).error());
  }
  return reader;
}

}  // namespace hubferry::kafka

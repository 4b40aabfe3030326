#include "kafka/partition_queues.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "kafka/consumed_record.h"
#include "kafka/error_class.h"

namespace hubferry::kafka {

void PartitionQueues::attach(std::int32_t partition) {
  Queue& attached = queues_[partition];
  attached.queue.reset(rd_kafka_queue_get_partition(client_, topic_.c_str(), partition));
  rd_kafka_queue_forward(attached.queue.get(), nullptr);
  rd_kafka_queue_io_event_enable(attached.queue.get(), bell_.descriptor(), &Wakeup::kRing, sizeof Wakeup::kRing);
}

void PartitionQueues::detach(const std::vector<std::int32_t>& partitions) {
  for (const std::int32_t partition : partitions) {
    const auto found = queues_.find(partition);
    if (found == queues_.end()) continue;
    rd_kafka_queue_io_event_enable(found->second.queue.get(), -1, nullptr, 0);
    queues_.erase(found);
  }
}

std::vector<std::int32_t> PartitionQueues::partitions() const {
  std::vector<std::int32_t> partitions;
  for (const auto& [partition, queue] : queues_) partitions.push_back(partition);
  return partitions;
}

// With a callback the queue is locked once for all of them. rd_kafka_consume_batch_queue() would do the same, but can
// skip records when a rebalance pauses the partition meanwhile (librdkafka before 2.1) and after an error (2.2
// to 2.13.1).
std::size_t PartitionQueues::fetch(std::int32_t partition, std::size_t maximum, std::vector<event::Record>& records) {
  const auto found = queues_.find(partition);
  if (found == queues_.end() || maximum == 0) return 0;
  Queue& source = found->second;
  Fetch fetch{*this, source, records, maximum, false};
  const std::size_t before = records.size();
  rd_kafka_consume_callback_queue(
      source.queue.get(), 0,
      [](rd_kafka_message_t* message, void* opaque) noexcept { static_cast<Fetch*>(opaque)->take(*message); }, &fetch);
  const std::size_t taken = records.size() - before;
  more_to_fetch_ = taken == maximum || more_to_fetch_;
  refill_.taken(source.level, taken, rd_kafka_queue_length(source.queue.get()));
  return taken;
}

// The last one when it yields.
void PartitionQueues::Fetch::take(const rd_kafka_message_t& message) {
  if (stopped) return;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (message.err != RD_KAFKA_RESP_ERR__PARTITION_EOF) queues.errors_.push_back(queues.note(message));
    return;
  }
  if (message.offset == source.last_offset) return;  // a rebalance paused the partition while it was taken
  if (message.offset < source.last_offset) {
    queues.errors_.push_back(queues.went_back(message, source.last_offset));
    return stop();
  }
  source.last_offset = message.offset;
  records.push_back(copy_of(message, queues.topic_));
  if (--room == 0) stop();
}

void PartitionQueues::Fetch::stop() {
  stopped = true;
  rd_kafka_yield(queues.client_);
}

Error PartitionQueues::went_back(const rd_kafka_message_t& message, std::int64_t last_offset) const {
  return {ErrorCode::kCorrupt,
          fmt::format("{} partition {}: went back from offset {} to {}, the topic was cut or created anew; reading "
                      "starts again at the committed offset",
                      where_, message.partition, last_offset, message.offset),
          Disposition::kFatal};
}

Error PartitionQueues::note(const rd_kafka_message_t& message) const {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    return {ErrorCode::kNotFound,
            fmt::format("{} partition {}: the broker does not have offset {} ({}): retention removed it, or the topic "
                        "was cut or created anew; reading starts again at the checkpoint",
                        where_, message.partition, message.offset, rd_kafka_message_errstr(&message)),
            Disposition::kFatal};
  }
  return make_error(message.err, fmt::format("{} partition {}", where_, message.partition),
                    rd_kafka_message_errstr(&message));
}

void PartitionQueues::tell_errors(Consumer::Listener& listener) {
  for (const Error& error : std::exchange(errors_, {})) listener.on_error(error);
}

}  // namespace hubferry::kafka

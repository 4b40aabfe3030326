#include "kafka/positions.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "kafka/error_class.h"
#include "kafka/handles.h"
#include "kafka/partition_list.h"

namespace hubferry::kafka {
namespace {

// The time for the next call.
Result<int> next_call(const Patience& patience, const std::string& where) {
  if (patience.stop.stop_requested()) {
    return fail(ErrorCode::kClosed, fmt::format("{}: the client ends", where), Disposition::kRetry);
  }
  const auto left = std::chrono::ceil<Milliseconds>(patience.deadline - SteadyClock::now());
  if (left <= Milliseconds(0)) {
    return fail(ErrorCode::kTimeout, fmt::format("{}: the cluster did not answer in time", where), Disposition::kRetry);
  }
  return static_cast<int>(std::min(left, patience.longest_call).count());
}

Status check(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t& list, const std::string& where) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::make_unexpected(make_error(code, where));
  for (int i = 0; i < list.cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = list.elems[i];
    if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return tl::make_unexpected(make_error(entry.err, fmt::format("{} partition {}", where, entry.partition)));
  }
  return {};
}

// `time`: milliseconds since the epoch, kLatest or kEarliest.
Result<PartitionListPtr> offsets_at(rd_kafka_t& client, const std::string& topic, std::int32_t count, std::int64_t time,
                                    const Patience& patience) {
  const std::string where = fmt::format("asking for the offsets of topic {}", topic);
  const auto wait = next_call(patience, where);
  if (!wait) return tl::make_unexpected(wait.error());
  PartitionListPtr list = list_all(topic, count, time);
  const rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(&client, list.get(), *wait);
  if (Status status = check(code, *list, where); !status) return tl::make_unexpected(std::move(status).error());
  if (list->cnt != count) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: not all were told", where), Disposition::kRetry);
  }
  return list;
}

TopicShape shape_of(const rd_kafka_metadata_topic_t& topic) {
  TopicShape shape{topic.partition_cnt, -1};
  for (int i = 0; i < topic.partition_cnt; ++i) {
    if (topic.partitions[i].id == 0) shape.leader = topic.partitions[i].leader;
  }
  return shape;
}

}  // namespace

Result<TopicShape> topic_shape(rd_kafka_t& client, const std::string& topic, const Patience& patience) {
  const std::string where = fmt::format("topic {}", topic);
  const auto wait = next_call(patience, where);
  if (!wait) return tl::make_unexpected(wait.error());
  const TopicPtr handle(rd_kafka_topic_new(&client, topic.c_str(), nullptr));
  if (!handle) return tl::make_unexpected(make_error(rd_kafka_last_error(), where));

  const rd_kafka_metadata_t* answer = nullptr;
  rd_kafka_resp_err_t code = rd_kafka_metadata(&client, 0, handle.get(), &answer, *wait);
  const MetadataPtr metadata(answer);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
    const rd_kafka_metadata_topic_t& found = metadata->topics[0];
    code = found.err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && found.partition_cnt > 0) return shape_of(found);
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;  // being created
  return tl::make_unexpected(make_error(code, where));
}

Result<std::int32_t> partition_count(rd_kafka_t& client, const std::string& topic, const Patience& patience) {
  return topic_shape(client, topic, patience).map([](const TopicShape& shape) { return shape.partitions; });
}

Result<std::int64_t> ask_offset(rd_kafka_t& client, const std::string& topic, std::int64_t time,
                                const Patience& patience) {
  const auto list = offsets_at(client, topic, 1, time, patience);
  if (!list) return tl::make_unexpected(list.error());
  return std::max<std::int64_t>((*list)->elems[0].offset, -1);
}

Result<std::vector<PartitionOffset>> ask_committed(rd_kafka_t& consumer, const std::string& topic, std::int32_t count,
                                                   const Patience& patience) {
  const std::string where = fmt::format("asking for the checkpoints of topic {}", topic);
  const auto wait = next_call(patience, where);
  if (!wait) return tl::make_unexpected(wait.error());
  const PartitionListPtr list = list_all(topic, count, RD_KAFKA_OFFSET_INVALID);
  const rd_kafka_resp_err_t code = rd_kafka_committed(&consumer, list.get(), *wait);
  if (Status status = check(code, *list, where); !status) return tl::make_unexpected(std::move(status).error());
  std::vector<PartitionOffset> committed(static_cast<std::size_t>(count));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = list->elems[i];
    committed.at(static_cast<std::size_t>(entry.partition)) = {
        entry.partition, std::max<std::int64_t>(entry.offset, -1), metadata_of(entry)};
  }
  return committed;
}

Result<std::vector<PartitionPosition>> ask_positions(rd_kafka_t& consumer, const std::string& topic,
                                                     std::optional<std::int64_t> timestamp_ms,
                                                     const Patience& patience) {
  const auto count = partition_count(consumer, topic, patience);
  if (!count) return tl::make_unexpected(count.error());
  auto committed = ask_committed(consumer, topic, *count, patience);
  if (!committed) return tl::make_unexpected(committed.error());
  const auto low = offsets_at(consumer, topic, *count, kEarliest, patience);
  if (!low) return tl::make_unexpected(low.error());
  const auto end = offsets_at(consumer, topic, *count, kLatest, patience);
  if (!end) return tl::make_unexpected(end.error());
  // Asked for after `end`: what arrives in between and is young enough then lies behind the answer `end`.
  Result<PartitionListPtr> at_time = PartitionListPtr();
  if (timestamp_ms) at_time = offsets_at(consumer, topic, *count, std::max<std::int64_t>(*timestamp_ms, 0), patience);
  if (!at_time) return tl::make_unexpected(at_time.error());

  std::vector<PartitionPosition> positions(static_cast<std::size_t>(*count));
  for (int i = 0; i < *count; ++i) {
    PartitionPosition& position = positions[static_cast<std::size_t>(i)];
    PartitionOffset& checkpoint = (*committed)[static_cast<std::size_t>(i)];
    position.committed = checkpoint.offset;
    position.metadata = std::move(checkpoint.metadata);
    position.low = (*low)->elems[i].offset;
    position.end = (*end)->elems[i].offset;
    if (!timestamp_ms) continue;
    const std::int64_t found = (*at_time)->elems[i].offset;
    position.at_timestamp = found < 0 ? position.end : found;
    position.end = std::max(position.end, found);
  }
  return positions;
}

void ask_ageing(rd_kafka_t& consumer, const std::string& topic, Milliseconds retention,
                std::vector<PartitionPosition>& positions, const Patience& patience) {
  const std::int64_t since = wall_clock_ms() - retention.count() / 5 * 4;
  const auto younger = offsets_at(consumer, topic, static_cast<std::int32_t>(positions.size()), since, patience);
  if (!younger) return;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::int64_t found = (*younger)->elems[i].offset;
    positions[i].aged = found < 0 ? positions[i].end : found;
  }
}

}  // namespace hubferry::kafka

#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/consumer.h"

namespace hubferry::kafka {

// How long the questions below may take together. No call into librdkafka is longer than `longest_call`, and none is
// begun after a stop was requested.
struct Patience {
  Instant deadline;
  std::stop_token stop = {};
  Milliseconds longest_call{4'000};
};

// Blocking questions about one topic, to be asked on any thread while the client lives. Errors say what failed; all but
// what the credentials or the cluster refuse for good may be asked again (kRetry).

struct TopicShape {
  std::int32_t partitions = 0;
  std::int32_t leader = -1;  // broker id of partition 0's; -1: none
};
// kNotFound: there is no such topic.
Result<TopicShape> topic_shape(rd_kafka_t& client, const std::string& topic, const Patience& patience);
Result<std::int32_t> partition_count(rd_kafka_t& client, const std::string& topic, const Patience& patience);

// What stands for a time of ask_offset() (KIP-79).
inline constexpr std::int64_t kEarliest = -2;
inline constexpr std::int64_t kLatest = -1;
// The first offset of partition 0 whose record is not older than `time` (milliseconds, Unix epoch); -1: none is.
Result<std::int64_t> ask_offset(rd_kafka_t& client, const std::string& topic, std::int64_t time,
                                const Patience& patience);

// The checkpoints of this consumer's group, for the partitions 0 to `count` - 1; offset -1: none. Index: the partition.
Result<std::vector<PartitionOffset>> ask_committed(rd_kafka_t& consumer, const std::string& topic, std::int32_t count,
                                                   const Patience& patience);

// One entry per partition, as the group of this consumer sees it. Index: the partition.
Result<std::vector<PartitionPosition>> ask_positions(rd_kafka_t& consumer, const std::string& topic,
                                                     std::optional<std::int64_t> timestamp_ms,
                                                     const Patience& patience);

// Fills in PartitionPosition::aged, for a topic that keeps its records for `retention`; leaves out what is not told.
void ask_ageing(rd_kafka_t& consumer, const std::string& topic, Milliseconds retention,
                std::vector<PartitionPosition>& positions, const Patience& patience);

}  // namespace hubferry::kafka

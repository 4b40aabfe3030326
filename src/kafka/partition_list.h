#pragma once
#include <cstdint>
#include <string>

#include "kafka/consumer.h"
#include "kafka/handles.h"

namespace hubferry::kafka {

// The partitions 0 to `count` - 1, each with `offset`.
PartitionListPtr list_all(const std::string& topic, std::int32_t count, std::int64_t offset);

// Adds the partition with its offset and metadata.
void add_offset(rd_kafka_topic_partition_list_t& list, const std::string& topic, const PartitionOffset& offset);

// The metadata of a commit; empty if there is none.
std::string metadata_of(const rd_kafka_topic_partition_t& entry);

}  // namespace hubferry::kafka

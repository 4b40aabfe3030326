#include "kafka/partition_list.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace hubferry::kafka {

PartitionListPtr list_all(const std::string& topic, std::int32_t count, std::int64_t offset) {
  PartitionListPtr list(rd_kafka_topic_partition_list_new(count));
  for (std::int32_t partition = 0; partition < count; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  }
  return list;
}

void add_offset(rd_kafka_topic_partition_list_t& list, const std::string& topic, const PartitionOffset& offset) {
  rd_kafka_topic_partition_t* entry = rd_kafka_topic_partition_list_add(&list, topic.c_str(), offset.partition);
  entry->offset = offset.offset;
  if (offset.metadata.empty()) return;
  auto* copy = static_cast<char*>(std::malloc(offset.metadata.size()));  // the list frees it
  if (copy == nullptr) throw std::bad_alloc();
  std::copy(offset.metadata.begin(), offset.metadata.end(), copy);
  entry->metadata = copy;
  entry->metadata_size = offset.metadata.size();
}

std::string metadata_of(const rd_kafka_topic_partition_t& entry) {
  if (entry.metadata == nullptr) return {};
  return {static_cast<const char*>(entry.metadata), entry.metadata_size};
}

}  // namespace hubferry::kafka

#pragma once
#include <cstdint>
#include <string_view>

namespace hubferry::event {

// The one place where a key becomes a partition: pure functions of (key, partition count). `partitions` > 0.
// Partition growth pins the count by the epoch; it is never librdkafka's live count.

// The Java client's default for keyed records: murmur2 (seed 0x9747b28c), sign bit cleared, modulo.
// Source: org.apache.kafka.common.utils.Utils.murmur2 and BuiltInPartitioner.partitionForKey.
std::int32_t murmur2_partition(std::string_view key, std::int32_t partitions);

// librdkafka's `consistent`: CRC-32 (IEEE) of the key, modulo.
std::int32_t consistent_partition(std::string_view key, std::int32_t partitions);

}  // namespace hubferry::event

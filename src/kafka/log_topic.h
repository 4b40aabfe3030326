#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "kafka/admin.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// What the topic of a SharedLog must be: one partition, the brokers' times, no compaction; kept for 7 days.
Admin::NewTopic log_topic(const std::string& name);

// The means to create it: the daemon's own tool, or that of the cluster which `properties` lead to.
std::string how_to_create_log_topic(const std::string& name, const Properties& properties);

// Why a topic will not do, and what to do then; nothing if it will. `config` as far as it is known. Event Hubs stamps
// records itself, whatever it says.
std::optional<std::string> log_topic_fault(const std::string& name, std::int32_t partitions,
                                           const std::map<std::string, std::string>& config, bool any_times,
                                           const Properties& properties);

// The fault of a topic whose records bear the producers' times.
std::string foreign_times_fault(const std::string& name, const Properties& properties);

}  // namespace hubferry::kafka

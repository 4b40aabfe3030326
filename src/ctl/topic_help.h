#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "ctl/session.h"
#include "kafka/admin.h"

namespace hubferry::ctl {

// The lines that do the same with other tools, for clusters that refuse it: of the Azure CLI and of Kafka.
std::string create_commands(const kafka::Admin::NewTopic& topic, const config::KafkaProperties& properties);
std::string add_partitions_commands(const std::string& topic, std::int32_t total,
                                    const config::KafkaProperties& properties);

// A cluster answers before all its brokers know. Waits up to desk.timeout until a broker shows that many partitions,
// each with a leader; ends early for a signal.
Status wait_for_partitions(Desk& desk, const std::string& topic, std::int32_t total);

}  // namespace hubferry::ctl

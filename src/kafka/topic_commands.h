#pragma once
#include <cstdint>
#include <string>

#include "kafka/admin.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// Whether the properties of a client lead to Azure Event Hubs or its emulator.
bool is_event_hubs(const Properties& properties);

// The lines that do what Admin does with other tools, for clusters that refuse it: of the Azure CLI and of Kafka. What
// a person must fill in is in capital letters.
std::string azure_create_command(const Admin::NewTopic& topic, const Properties& properties);
std::string kafka_create_command(const Admin::NewTopic& topic, const Properties& properties);
std::string azure_add_partitions_command(const std::string& topic, std::int32_t total, const Properties& properties);
std::string kafka_add_partitions_command(const std::string& topic, std::int32_t total, const Properties& properties);
std::string kafka_set_config_command(const std::string& topic, const std::string& name, const std::string& value,
                                     const Properties& properties);

}  // namespace hubferry::kafka

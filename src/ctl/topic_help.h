#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "config/settings.h"

namespace hubferry::ctl {

struct TopicWish {
  std::string name;
  std::int32_t partitions = 1;
  std::int16_t replication = -1;          // -1: the broker's default
  std::optional<Milliseconds> retention;  // none: the broker's default
};

// The lines that do the same with other tools, for clusters that refuse it: of the Azure CLI and of Kafka.
std::string create_commands(const TopicWish& topic, const config::KafkaProperties& properties);
std::string add_partitions_commands(const std::string& topic, std::int32_t total,
                                    const config::KafkaProperties& properties);

}  // namespace hubferry::ctl

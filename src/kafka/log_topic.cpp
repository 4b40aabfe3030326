#include "kafka/log_topic.h"

#include <spdlog/fmt/fmt.h>

#include "kafka/topic_commands.h"

namespace hubferry::kafka {
namespace {

constexpr std::int64_t kSevenDays = 7 * 24 * 3'600'000;

}  // namespace

Admin::NewTopic log_topic(const std::string& name) {
  return {name,
          1,
          -1,
          {{"cleanup.policy", "delete"},
           {"message.timestamp.type", "LogAppendTime"},
           {"retention.ms", std::to_string(kSevenDays)}}};
}

std::string how_to_create_log_topic(const std::string& name, const Properties& properties) {
  const Admin::NewTopic topic = log_topic(name);
  return fmt::format("hubferryctl topics create --control, or: {}", is_event_hubs(properties)
                                                                        ? azure_create_command(topic, properties)
                                                                        : kafka_create_command(topic, properties));
}

std::optional<std::string> log_topic_fault(const std::string& name, std::int32_t partitions,
                                           const std::map<std::string, std::string>& config, bool any_times,
                                           const Properties& properties) {
  if (partitions != 1) {
    return fmt::format(
        "it has {} partitions and must have one: records of several have no common order. Partitions cannot be taken "
        "away: give control.topic of all instances the name of a new topic and create that: {}",
        partitions, how_to_create_log_topic("NAME", properties));
  }
  const auto policy = config.find("cleanup.policy");
  if (policy != config.end() && policy->second.find("compact") != std::string::npos) {
    return fmt::format(
        "cleanup.policy = {}: compaction takes records out of the log that the state of the breakers follows from; "
        "change it: {}",
        policy->second, kafka_set_config_command(name, policy->first, "delete", properties));
  }
  const auto times = config.find("message.timestamp.type");
  if (any_times || is_event_hubs(properties) || times == config.end() || times->second == "LogAppendTime") {
    return std::nullopt;
  }
  return foreign_times_fault(name, properties);
}

std::string foreign_times_fault(const std::string& name, const Properties& properties) {
  return fmt::format(
      "its records bear the producers' times, and the instances' clocks may differ; let the brokers stamp them: {}",
      kafka_set_config_command(name, "message.timestamp.type", "LogAppendTime", properties));
}

}  // namespace hubferry::kafka

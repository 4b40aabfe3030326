#include "kafka/topic_commands.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>

namespace hubferry::kafka {
namespace {

constexpr std::int64_t kHour = 3'600'000;

std::string value_of(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string() : found->second;
}

std::string servers_of(const Properties& properties) {
  const std::string servers = value_of(properties, "bootstrap.servers");
  return servers.empty() ? "HOST:PORT" : servers;
}

// The first label of an Event Hubs host, else a placeholder.
std::string namespace_of(const Properties& properties) {
  const std::string servers = servers_of(properties);
  return servers.find(".servicebus.") == std::string::npos ? "NAMESPACE" : servers.substr(0, servers.find('.'));
}

std::string event_hub(const char* verb, const std::string& topic, const Properties& properties) {
  return fmt::format("az eventhubs eventhub {} --resource-group RESOURCE_GROUP --namespace-name {} --name {}", verb,
                     namespace_of(properties), topic);
}

std::string kafka_topics(const char* verb, const std::string& topic, const Properties& properties) {
  return fmt::format("kafka-topics.sh --bootstrap-server {} --{} --topic {}", servers_of(properties), verb, topic);
}

std::int64_t hours_of(const std::string& milliseconds) {
  std::int64_t value = 0;
  std::from_chars(milliseconds.data(), milliseconds.data() + milliseconds.size(), value);
  return (value + kHour - 1) / kHour;
}

}  // namespace

bool is_event_hubs(const Properties& properties) {
  return servers_of(properties).find(".servicebus.") != std::string::npos ||
         value_of(properties, "sasl.username") == "$ConnectionString";
}

std::string azure_create_command(const Admin::NewTopic& topic, const Properties& properties) {
  std::string line =
      event_hub("create", topic.name, properties) + fmt::format(" --partition-count {}", topic.partitions);
  if (const auto retention = topic.config.find("retention.ms"); retention != topic.config.end()) {
    line += fmt::format(" --cleanup-policy Delete --retention-time-in-hours {}", hours_of(retention->second));
  }
  return line;
}

std::string kafka_create_command(const Admin::NewTopic& topic, const Properties& properties) {
  std::string line = kafka_topics("create", topic.name, properties) + fmt::format(" --partitions {}", topic.partitions);
  if (topic.replication > 0) line += fmt::format(" --replication-factor {}", topic.replication);
  for (const auto& [name, value] : topic.config) line += fmt::format(" --config {}={}", name, value);
  return line;
}

std::string azure_add_partitions_command(const std::string& topic, std::int32_t total, const Properties& properties) {
  return event_hub("update", topic, properties) + fmt::format(" --partition-count {}", total);
}

std::string kafka_add_partitions_command(const std::string& topic, std::int32_t total, const Properties& properties) {
  return kafka_topics("alter", topic, properties) + fmt::format(" --partitions {}", total);
}

std::string kafka_set_config_command(const std::string& topic, const std::string& name, const std::string& value,
                                     const Properties& properties) {
  return fmt::format(
      "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} --add-config {}={}",
      servers_of(properties), topic, name, value);
}

}  // namespace hubferry::kafka

#include "ctl/topic_help.h"

#include <algorithm>

#include "ctl/signals.h"

namespace hubferry::ctl {
namespace {

constexpr std::int64_t kHour = 3'600'000;

std::string servers_of(const config::KafkaProperties& properties) {
  const auto found = properties.find("bootstrap.servers");
  return found == properties.end() ? "HOST:PORT" : found->second;
}

// The first label of an Event Hubs host, else a placeholder.
std::string namespace_of(const config::KafkaProperties& properties) {
  const std::string servers = servers_of(properties);
  return servers.find(".servicebus.") == std::string::npos ? "NAMESPACE" : servers.substr(0, servers.find('.'));
}

std::string event_hub(const char* verb, const std::string& topic, const config::KafkaProperties& properties) {
  return std::string("  az eventhubs eventhub ") + verb + " --resource-group RESOURCE_GROUP --namespace-name " +
         namespace_of(properties) + " --name " + topic;
}

std::string kafka_topics(const char* verb, const std::string& topic, const config::KafkaProperties& properties) {
  return "  kafka-topics.sh --bootstrap-server " + servers_of(properties) + " --" + verb + " --topic " + topic;
}

}  // namespace

std::string create_commands(const TopicWish& topic, const config::KafkaProperties& properties) {
  const std::string partitions = std::to_string(topic.partitions);
  std::string azure = event_hub("create", topic.name, properties) + " --partition-count " + partitions;
  std::string kafka = kafka_topics("create", topic.name, properties) + " --partitions " + partitions;
  if (topic.replication > 0) kafka += " --replication-factor " + std::to_string(topic.replication);
  if (topic.retention) {
    const std::int64_t hours = (topic.retention->count() + kHour - 1) / kHour;
    azure += " --cleanup-policy Delete --retention-time-in-hours " + std::to_string(hours);
    kafka += " --config retention.ms=" + std::to_string(topic.retention->count());
  }
  return azure + '\n' + kafka + '\n';
}

std::string add_partitions_commands(const std::string& topic, std::int32_t total,
                                    const config::KafkaProperties& properties) {
  const std::string count = std::to_string(total);
  return event_hub("update", topic, properties) + " --partition-count " + count + "   (Premium and Dedicated tiers)\n" +
         kafka_topics("alter", topic, properties) + " --partitions " + count + '\n';
}

Status wait_for_partitions(Desk& desk, const std::string& topic, std::int32_t total) {
  constexpr Milliseconds kLook{100};
  const HeldSignals signals;
  const Instant deadline = SteadyClock::now() + desk.timeout;
  for (;;) {
    const auto partitions = desk.admin->describe_topic(topic, desk.timeout);
    const bool complete = partitions && partitions->size() >= static_cast<std::size_t>(total) &&
                          std::all_of(partitions->begin(), partitions->end(),
                                      [](const kafka::Admin::Partition& p) { return p.leader >= 0; });
    if (complete) return {};
    const char* signal = signals.wait(kLook);
    if (signal == nullptr && SteadyClock::now() < deadline) continue;
    return fail(ErrorCode::kTimeout, "the cluster took the request, but does not show " + std::to_string(total) +
                                         " partitions of " + topic + " yet; see hubferryctl partitions list " + topic);
  }
}

}  // namespace hubferry::ctl

#include "ctl/topic_help.h"

#include <algorithm>

#include "ctl/signals.h"
#include "kafka/topic_commands.h"

namespace hubferry::ctl {
namespace {

std::string two_lines(const std::string& azure, const std::string& kafka) {
  return "  " + azure + "\n  " + kafka + '\n';
}

}  // namespace

std::string create_commands(const kafka::Admin::NewTopic& topic, const config::KafkaProperties& properties) {
  return two_lines(kafka::azure_create_command(topic, properties), kafka::kafka_create_command(topic, properties));
}

std::string add_partitions_commands(const std::string& topic, std::int32_t total,
                                    const config::KafkaProperties& properties) {
  return two_lines(kafka::azure_add_partitions_command(topic, total, properties) + "   (Premium and Dedicated tiers)",
                   kafka::kafka_add_partitions_command(topic, total, properties));
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

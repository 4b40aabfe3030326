#include "config/control_checks.h"

#include <unistd.h>

#include <array>

namespace hubferry::config {
namespace {

// The key that names the control topic for something else; empty: none does.
std::string other_use(const Settings& settings) {
  const std::string& topic = settings.control.topic;
  for (const ProduceRoute& route : settings.produce) {
    if (route.topic == topic) return "produce." + route.name + ".topic";
  }
  for (const ConsumeRoute& route : settings.consume) {
    const std::string section = "consume." + route.name;
    if (route.topic == topic) return section + ".topic";
    if (route.dead_letter == topic) return section + ".dead-letter";
    if (route.handler.scheme == HandlerScheme::kTopic && route.handler.target == "topic:" + topic) {
      return section + ".handler";
    }
  }
  return {};
}

void warn_of_quorums(Settings& settings) {
  for (const ConsumeRoute& route : settings.consume) {
    if (!route.breaker || route.breaker_rules.quorum <= 1) continue;
    settings.warnings.push_back("consume." + route.name +
                                ".breaker.quorum = " + std::to_string(route.breaker_rules.quorum) +
                                " has no effect without control.topic: this instance does not know of others");
  }
}

}  // namespace

Status check_control(Settings& settings) {
  ControlSettings& control = settings.control;
  // As group-instance-id has it: the word itself would be the same name for all.
  if (control.instance.empty() || control.instance == "hostname") control.instance = host_name();
  if (control.topic.empty()) {
    warn_of_quorums(settings);
    return {};
  }
  if (control.instance.empty()) {
    return fail(ErrorCode::kInvalid, "control.instance is missing: this host has no name; give a name of your own",
                Disposition::kFatal);
  }
  const std::string other = other_use(settings);
  if (other.empty()) return {};
  return fail(
      ErrorCode::kInvalid,
      "control.topic = " + control.topic + " is also " + other +
          ": the control topic holds nothing but what the instances tell each other; give it a topic of its own",
      Disposition::kFatal);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace hubferry::config

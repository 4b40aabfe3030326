#include "kafka/configuration.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace hubferry::kafka {
namespace {

// What both kinds of client start from. No topic springs into being because its name was misspelt; a statistics event
// every 5 s is also the heartbeat of the client's main thread.
const Properties kDefaults{{"allow.auto.create.topics", "false"},
                           {"client.id", "hubferry"},
                           {"log.thread.name", "false"},
                           {"statistics.interval.ms", "5000"}};

bool is_secret(std::string_view property) {
  constexpr std::array kMarks{"password", "secret", ".pem", "oauthbearer.config", "keystore", "sasl.username"};
  return std::any_of(kMarks.begin(), kMarks.end(),
                     [&](const char* mark) { return property.find(mark) != std::string_view::npos; });
}

Status set(RdKafka::Conf& configuration, const std::string& name, const std::string& value) {
  std::string reason;
  if (configuration.set(name, value, reason) == RdKafka::Conf::CONF_OK) return {};
  if (is_secret(name)) reason = "the value is not accepted";
  return fail(ErrorCode::kInvalid, fmt::format("kafka property {}: {}", name, reason));
}

Status set_all(RdKafka::Conf& configuration, const Properties& properties) {
  for (const auto& [name, value] : properties) {
    if (Status status = set(configuration, name, value); !status) return status;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<RdKafka::Conf>> make_configuration(const Properties& user, const ClientSettings& settings,
                                                          RdKafka::EventCb* events) {
  if (!user.contains("bootstrap.servers") && !user.contains("metadata.broker.list")) {
    return fail(ErrorCode::kInvalid, "kafka property bootstrap.servers is not set: name the cluster as host:port");
  }
  if (user.contains("transactional.id")) {
    return fail(ErrorCode::kInvalid, "kafka property transactional.id: transactions are not supported, remove it");
  }

  std::unique_ptr<RdKafka::Conf> configuration(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  const Properties forced{{"log.queue", "false"}};
  for (const Properties* properties : {&kDefaults, &settings.defaults, &user, &settings.fixed, &forced}) {
    if (Status status = set_all(*configuration, *properties); !status) return tl::make_unexpected(status.error());
  }
  std::string reason;
  if (configuration->set("event_cb", events, reason) != RdKafka::Conf::CONF_OK) {
    return fail(ErrorCode::kInternal, fmt::format("kafka client: {}", reason));
  }
  rd_kafka_conf_set_events(configuration->c_ptr_global(), settings.events);
  return configuration;
}

}  // namespace hubferry::kafka

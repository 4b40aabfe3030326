#include "config/client_properties.h"

#include <algorithm>
#include <array>
#include <optional>

#include "config/client_defaults.h"
#include "config/event_hubs.h"
#include "config/kafka_properties.h"

namespace hubferry::config {
namespace {

constexpr const char* kRefresh = "topic.metadata.refresh.interval.ms";
constexpr const char* kMaxAge = "metadata.max.age.ms";
constexpr const char* kMaxMessage = "message.max.bytes";
constexpr const char* kServers = "bootstrap.servers";

void set_default(ClientProperties& properties, std::string_view property, std::string value, std::string origin) {
  const std::string name(property);
  properties[name] = {"kafka." + name, std::move(value), {Source::kDefault, std::move(origin)}};
}

Status check_user(const ClientProperties& user) {
  for (const auto& [property, assignment] : user) {
    if (const auto reason = managed_property(property)) {
      return tl::make_unexpected(option_error(assignment, "cannot be set: " + std::string(*reason)));
    }
  }
  for (const ClientLimit& limit : client_limits()) {
    const auto given = user.find(std::string(limit.property));
    if (given == user.end()) continue;
    const auto value = parse_value(Kind::kCount, given->second.value, limit.range, {});
    if (!value)
      return tl::make_unexpected(option_error(given->second, value.error() + ": " + std::string(limit.reason)));
  }
  if (const auto servers = user.find(kServers); servers != user.end()) {
    const auto parsed = parse_servers(servers->second.value);
    if (!parsed) return tl::make_unexpected(option_error(servers->second, parsed.error()));
  }
  return {};
}

Status check_one_broker(const ClientProperties& user, const Settings& settings, bool event_hubs) {
  const auto servers = user.find(kServers);
  if (settings.embedded_broker.enabled && (event_hubs || servers != user.end())) {
    return fail(ErrorCode::kInvalid,
                "embedded-broker.enabled = true excludes " +
                    std::string(event_hubs ? "event-hubs.connection-string"
                                           : "kafka.bootstrap.servers (" + servers->second.origin.text + ")") +
                    ": the embedded broker keeps events in memory only; remove one of the two",
                Disposition::kFatal);
  }
  if (!settings.embedded_broker.enabled && !event_hubs && servers == user.end()) {
    return fail(
        ErrorCode::kInvalid,
        "no broker is configured: set kafka.bootstrap.servers = host:port, or event-hubs.connection-string-file, "
        "or try --embedded-broker",
        Disposition::kFatal);
  }
  return {};
}

// An event that ingest accepts must fit into a message.
void add_message_size(const Settings& settings, bool event_hubs, ClientProperties& properties) {
  const auto needed = static_cast<std::int64_t>(settings.ingest.max_event_bytes) + kEventFramingBytes;
  if (settings.produce.empty() || needed <= kMessageMaxBytes) {
    if (!event_hubs) set_default(properties, kMaxMessage, std::to_string(kMessageMaxBytes), "default");
    return;
  }
  properties[kMaxMessage] = {std::string("kafka.") + kMaxMessage,
                             std::to_string(needed),
                             {event_hubs ? Source::kProfile : Source::kDefault,
                              std::string(event_hubs ? "profile (Event Hubs)" : "default") + ", " +
                                  std::to_string(kEventFramingBytes) + " more than ingest.max-event"}};
}

// The daemon refuses what does not fit, so nothing is lost; but the operator set something else.
Status check_message_size(const ClientProperties& properties, Settings& settings) {
  const Assignment& given = properties.at(kMaxMessage);
  const auto size = parse_integer(given.value);
  if (!size) return tl::make_unexpected(option_error(given, size.error()));
  const auto needed = static_cast<std::int64_t>(settings.ingest.max_event_bytes) + kEventFramingBytes;
  if (settings.produce.empty() || *size >= needed) return {};
  settings.warnings.push_back(
      option_error(given,
                   "too small for events of ingest.max-event = " + std::to_string(settings.ingest.max_event_bytes) +
                       ", which need " + std::to_string(needed) + ": larger events than fit are refused with 413")
          .message);
  return {};
}

// Growth must be noticed within metadata.max.age.ms, and only the refresh tick notices it. Given one, the other
// follows.
void couple_metadata(const ClientProperties& user, ClientProperties& properties, std::vector<std::string>& warnings) {
  const auto number = [&](const char* name) { return parse_integer(properties.at(name).value).value_or(0); };
  const std::int64_t refresh = number(kRefresh);
  const std::int64_t age = number(kMaxAge);
  if (refresh <= age) return;
  const bool refresh_given = user.contains(kRefresh);
  const bool age_given = user.contains(kMaxAge);
  if (age_given && !refresh_given) {
    set_default(properties, kRefresh, std::to_string(age), "default, no longer than kafka.metadata.max.age.ms");
  } else if (refresh_given && !age_given) {
    set_default(properties, kMaxAge, std::to_string(refresh),
                "default, no shorter than kafka.topic.metadata.refresh.interval.ms");
  } else {
    warnings.push_back(std::string("kafka.") + kRefresh + " = " + std::to_string(refresh) +
                       " is longer than kafka.metadata.max.age.ms: added partitions are noticed after the longer one");
  }
}

// What a connection string that belongs to one event hub cannot reach.
void warn_of_entity_path(const ConnectionString& connection, Settings& settings) {
  if (connection.hub.empty()) return;
  std::string others;
  const auto add = [&](const std::string& route, const std::string& topic) {
    if (topic != connection.hub) others += (others.empty() ? "" : ", ") + route + " (topic " + topic + ")";
  };
  for (const ProduceRoute& route : settings.produce) add("produce." + route.name, route.topic);
  for (const ConsumeRoute& route : settings.consume) add("consume." + route.name, route.topic);
  if (!settings.control.topic.empty()) add("control", settings.control.topic);
  if (others.empty()) return;
  settings.warnings.push_back("the connection string is for the event hub " + shown(connection.hub, false) +
                              " only (EntityPath); it has no rights for " + others);
}

// The endpoint without the profile: it works until the first idle minutes.
void warn_of_missing_profile(const ClientProperties& user, Settings& settings) {
  const auto servers = user.find(kServers);
  if (servers == user.end() || lower(servers->second.value).find(".servicebus.") == std::string::npos) return;
  settings.warnings.emplace_back(
      "kafka.bootstrap.servers names Event Hubs, but its profile is not in use: set event-hubs.connection-string-file");
}

Status check_event_hubs_user(const ClientProperties& user) {
  const auto password = user.find("sasl.password");
  if (password == user.end()) return {};
  return tl::make_unexpected(
      option_error(password->second, "the connection string of [event-hubs] is the password: remove one of the two"));
}

}  // namespace

Result<ClientProperties> client_properties(const ClientProperties& user, const EventHubsOptions& event_hubs,
                                           Settings& settings) {
  if (auto status = check_user(user); !status) return tl::make_unexpected(status.error());
  const auto connection = connection_string(event_hubs, settings.warnings);
  if (!connection) return tl::make_unexpected(connection.error());
  const bool azure = connection->has_value();
  if (auto status = check_one_broker(user, settings, azure); !status) return tl::make_unexpected(status.error());

  ClientProperties properties;
  for (const ClientDefault& row : client_defaults()) {
    set_default(properties, row.property, std::string(row.value), "default");
  }
  if (settings.embedded_broker.enabled) {
    for (const ClientDefault& row : embedded_broker_defaults()) {
      set_default(properties, row.property, std::string(row.value), "default (embedded broker)");
    }
  }
  if (azure) {
    const bool certificates = user.contains("ssl.ca.location") || user.contains("ssl.ca.pem");
    Status status = check_event_hubs_user(user);
    if (status) status = add_event_hubs_profile(**connection, certificates, properties);
    if (!status) return tl::make_unexpected(status.error());
    warn_of_entity_path(**connection, settings);
  } else {
    warn_of_missing_profile(user, settings);
    if (!event_hubs.accept_outside_range.empty()) {
      settings.warnings.emplace_back("event-hubs.accept-outside-range has no effect without a connection string");
    }
  }
  add_message_size(settings, azure, properties);
  for (const auto& [property, assignment] : user) properties[property] = assignment;
  couple_metadata(user, properties, settings.warnings);

  Status status = check_message_size(properties, settings);
  if (status && azure) {
    status = check_event_hubs(properties, **connection, event_hubs.accept_outside_range, settings.warnings);
  }
  if (!status) return tl::make_unexpected(status.error());
  return properties;
}

void split_properties(const ClientProperties& properties, Settings& settings) {
  for (const auto& [property, assignment] : properties) {
    const ClientKind kind = client_kind(property);
    if (kind != ClientKind::kConsumer) settings.producer_properties[property] = assignment.value;
    if (kind != ClientKind::kProducer) settings.consumer_properties[property] = assignment.value;
  }
}

}  // namespace hubferry::config

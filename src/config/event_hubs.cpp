#include "config/event_hubs.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "config/file.h"

namespace hubferry::config {
namespace {

// Source: Microsoft Learn, "Recommended configurations for Apache Kafka clients" (Event Hubs), and librdkafka's source.
// Rows the daemon fixes for every cluster are missing here: enable.idempotence, acks, partition.assignment.strategy.
// The document's request.timeout.ms is the Java client's: how long it waits for an answer. librdkafka calls that
// socket.timeout.ms; its own request.timeout.ms is the time it asks the service to spend on a produce request. Both
// must reach 60000 for idempotent producers; the wait is 10 s longer, so that the service's "timed out" arrives before
// the client gives up the connection.
// clang-format off
constexpr std::array<EventHubsRule, 14> kRules{{
    {"metadata.max.age.ms", "180000", {1, 239'999}, {}, "connections die and the partition count goes stale"},
    {"topic.metadata.refresh.interval.ms", "60000", {1, 180'000}, {}, "growth and dead connections are noticed on it"},
    {"connections.max.idle.ms", "180000", {1, 239'999}, {}, "Azure silently drops connections idle for 240 s"},
    {"socket.keepalive.enable", "true", {}, "true", "Azure silently drops connections idle for 240 s"},
    {"request.timeout.ms", "60000", {60'000, 299'999}, {}, "idempotent producers need at least 60000 on Event Hubs"},
    {"socket.timeout.ms", "70000", {60'000, 300'000}, {}, "idempotent producers need at least 60000 on Event Hubs"},
    {"session.timeout.ms", "30000", {6'000, 300'000}, {}, "outside it members cannot join or keep rebalancing"},
    {"heartbeat.interval.ms", "3000", {3'000, 3'000}, {}, "the only documented value"},
    {"max.poll.interval.ms", "300000", {1, 86'400'000}, {}, "members would leave before they are missed"},
    {"message.max.bytes", "1000000", {1'000, 1'046'527}, {}, "a larger request ends the connection (Basic: 256 KB)"},
    {"compression.type", "none", {}, "none|gzip", "the service refuses other codecs"},
    {"allow.auto.create.topics", "false", {}, "false", "the service would create event hubs by surprise"},
    {"group.protocol", "", {}, "classic", "the service does not know the newer group protocol (KIP-848)"},
    {"client.id", "", {}, {}, "the service accepts at most 256 characters"},
}};
// clang-format on

// Debian and Ubuntu; Red Hat and derivatives; Alpine and the BSDs.
constexpr std::array<const char*, 3> kCaBundles{"/etc/ssl/certs/ca-certificates.crt",
                                                "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

constexpr const char* kFileKey = "event-hubs.connection-string-file";

void set_profile(ClientProperties& properties, std::string_view property, std::string value, const char* origin) {
  const std::string name(property);
  properties[name] = {"kafka." + name, std::move(value), {Source::kProfile, origin}};
}

std::string allowed_text(const EventHubsRule& rule) {
  if (rule.property == "client.id") return "at most 256 characters";
  if (rule.property == "max.poll.interval.ms") return "more than session.timeout.ms";
  if (!rule.words.empty()) {
    std::string list(rule.words);
    std::replace(list.begin(), list.end(), '|', ',');
    return list;
  }
  if (rule.range.min == rule.range.max) return std::to_string(rule.range.min);
  return std::to_string(rule.range.min) + ".." + std::to_string(rule.range.max);
}

bool allowed(const EventHubsRule& rule, const std::string& value, const ClientProperties& properties) {
  if (rule.property == "client.id") return value.size() <= 256;
  if (!rule.words.empty()) return one_of(lower(value), rule.words);
  const auto number = parse_integer(value);
  if (!number || *number < rule.range.min || *number > rule.range.max) return false;
  if (rule.property != "max.poll.interval.ms") return true;
  const auto session = parse_integer(properties.at("session.timeout.ms").value);
  return !session || *number > *session;
}

// What follows from the connection string may be overridden only by what means the same, or by name.
std::vector<EventHubsRule> connection_rules(const ConnectionString& connection) {
  const std::string_view protocol = connection.emulator ? "sasl_plaintext" : "sasl_ssl";
  return {
      {"security.protocol", {}, {}, protocol, "the connection string's key must not travel in the clear"},
      {"sasl.mechanism", {}, {}, "plain", "a connection string needs PLAIN"},
      {"sasl.username", {}, {}, "$connectionstring", "a connection string needs the user name $ConnectionString"},
  };
}

Status check_accepted_names(const std::set<std::string>& accepted, const std::vector<EventHubsRule>& rules) {
  std::vector<std::string> names;
  for (const EventHubsRule& rule : rules) names.emplace_back(rule.property);
  for (const std::string& name : accepted) {
    if (std::find(names.begin(), names.end(), canonical_property(name)) != names.end()) continue;
    return fail(ErrorCode::kInvalid,
                "event-hubs.accept-outside-range: " + shown(name, false) +
                    " has no Event Hubs range; the nearest property that has one is " + nearest(name, names),
                Disposition::kFatal);
  }
  return {};
}

}  // namespace

std::span<const EventHubsRule> event_hubs_rules() {
  return kRules;
}

std::string find_ca_bundle(std::span<const char* const> paths) {
  const auto found =
      std::find_if(paths.begin(), paths.end(), [](const char* path) { return ::access(path, R_OK) == 0; });
  return found == paths.end() ? std::string() : *found;
}

Result<std::optional<ConnectionString>> connection_string(const EventHubsOptions& options,
                                                          std::vector<std::string>& warnings) {
  const std::string& path = options.connection_string_file;
  std::string where = "environment HUBFERRY_EVENT_HUBS_CONNECTION_STRING";
  std::string text = options.connection_string;
  if (path.empty() && text.empty()) return std::optional<ConnectionString>();
  if (!path.empty() && !text.empty()) {
    return fail(ErrorCode::kInvalid, std::string(kFileKey) + " and the " + where + " are both set: keep one",
                Disposition::kFatal);
  }
  if (!path.empty()) {
    where = kFileKey + (" " + shown(path, false));
    auto content = read_text_file(path, kFileKey);
    if (!content) return tl::make_unexpected(content.error());
    if (readable_by_others(path)) {
      warnings.push_back(where + ": every user of this host can read this secret: chmod 0640 or stricter");
    }
    text = std::move(*content);
  }
  auto parsed = parse_connection_string(text, where);
  if (!parsed) return tl::make_unexpected(parsed.error());
  return std::optional(std::move(*parsed));
}

Status add_event_hubs_profile(const ConnectionString& connection, bool user_chose_certificates,
                              ClientProperties& properties) {
  for (const EventHubsRule& rule : kRules) {
    if (!rule.value.empty()) set_profile(properties, rule.property, std::string(rule.value), "profile (Event Hubs)");
  }
  constexpr const char* kOrigin = "profile (Event Hubs connection string)";
  set_profile(properties, "bootstrap.servers", connection.bootstrap_servers(), kOrigin);
  set_profile(properties, "security.protocol", connection.security_protocol(), kOrigin);
  set_profile(properties, "sasl.mechanism", "PLAIN", kOrigin);
  set_profile(properties, "sasl.username", "$ConnectionString", kOrigin);
  set_profile(properties, "sasl.password", connection.text, kOrigin);
  if (connection.emulator || user_chose_certificates) return {};
  const std::string bundle = find_ca_bundle(kCaBundles);
  if (bundle.empty()) {
    std::string paths;
    for (const char* path : kCaBundles) paths += std::string(paths.empty() ? "" : ", ") + path;
    return fail(ErrorCode::kNotFound,
                "kafka.ssl.ca.location: no CA certificates found (" + paths +
                    "): install the package ca-certificates, or set kafka.ssl.ca.location",
                Disposition::kFatal);
  }
  set_profile(properties, "ssl.ca.location", bundle, "profile (Event Hubs), found on this host");
  return {};
}

Status check_event_hubs(const ClientProperties& properties, const ConnectionString& connection,
                        const std::set<std::string>& accepted, std::vector<std::string>& warnings) {
  std::vector<EventHubsRule> rules(kRules.begin(), kRules.end());
  for (const EventHubsRule& rule : connection_rules(connection)) rules.push_back(rule);
  if (auto status = check_accepted_names(accepted, rules); !status) return status;
  std::set<std::string> exceptions;
  for (const std::string& name : accepted) exceptions.insert(canonical_property(name));

  for (const EventHubsRule& rule : rules) {
    const auto property = properties.find(std::string(rule.property));
    if (property == properties.end() || allowed(rule, property->second.value, properties)) continue;
    const std::string reason = "Event Hubs allows " + allowed_text(rule) + ": " + std::string(rule.reason);
    const Error error =
        option_error(property->second, reason + "; to use it all the same, name it in event-hubs.accept-outside-range");
    if (!exceptions.contains(property->first)) return tl::make_unexpected(error);
    warnings.push_back(
        option_error(property->second, reason + "; accepted by event-hubs.accept-outside-range").message);
  }
  if (const auto codec = properties.find("compression.type");
      codec != properties.end() && lower(codec->second.value) == "gzip") {
    warnings.emplace_back(
        "kafka.compression.type = gzip: Event Hubs accepts it on the Premium and Dedicated tiers only");
  }
  return {};
}

}  // namespace hubferry::config

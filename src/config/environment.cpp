#include "config/environment.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

#include "config/schema.h"
#include "config/values.h"

namespace hubferry::config {
namespace {

constexpr std::string_view kPrefix = "HUBFERRY_";

// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables: set in every pod of the
// namespace, for a Service whose name starts with "hubferry".
bool is_service_link(const std::string& name) {
  static const std::regex form(
      "HUBFERRY(_[A-Z0-9_]*)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|"
      "PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)");
  return name.size() <= 256 && std::regex_match(name, form);
}

std::string property_of(std::string_view variable) {
  std::string property = lower(variable);
  std::replace(property.begin(), property.end(), '_', '.');
  return property == "log.level" ? "log_level" : property;  // the one name with '_' that a user may set
}

// The key that PRODUCE_MY_ROUTE_TOPIC means. Route names have no '_' and no capital letters, so the way back is unique.
std::optional<std::string> family_key(std::string_view variable, std::string_view family) {
  const std::string prefix = variable_name(family) + "_";
  if (!variable.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = variable.substr(prefix.size());
  for (const Key& key : schema()) {
    const std::string suffix = "_" + variable_name(key.name);
    if (key.section != std::string(family) + ".*" || !rest.ends_with(suffix)) continue;
    std::string route = lower(rest.substr(0, rest.size() - suffix.size()));
    std::replace(route.begin(), route.end(), '_', '-');
    return is_route_name(route) ? std::optional(full_key(key, route)) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> key_of(std::string_view variable) {
  constexpr std::string_view kKafka = "KAFKA_";
  if (variable.starts_with(kKafka)) {
    std::string key = "kafka." + property_of(variable.substr(kKafka.size()));
    return find_key(key) ? std::optional(key) : std::nullopt;
  }
  for (const Key& key : schema()) {
    if (key.section.ends_with(".*")) continue;
    if (variable_name(full_key(key)) == variable) return full_key(key);
  }
  if (auto key = family_key(variable, "produce")) return key;
  return family_key(variable, "consume");
}

std::string nearest_variable(std::string_view name, const RouteNames& routes) {
  std::vector<std::string> names{std::string(kPrefix) + "CONFIG",
                                 std::string(kPrefix) + variable_name("kafka.bootstrap.servers")};
  for (const Key& key : schema()) {
    if (!key.section.ends_with(".*")) {
      names.push_back(std::string(kPrefix) + variable_name(full_key(key)));
      continue;
    }
    for (const std::string& route : key.section == "produce.*" ? routes.produce : routes.consume) {
      names.push_back(std::string(kPrefix) + variable_name(full_key(key, route)));
    }
    names.push_back(std::string(kPrefix) + variable_name(full_key(key, "NAME")));
  }
  return nearest(name.substr(0, 200), names);
}

}  // namespace

std::string variable_name(std::string_view key) {
  std::string name(key);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '.' || c == '-') c = '_';
  }
  return name;
}

std::string config_path(const std::vector<std::string>& entries) {
  constexpr std::string_view kConfig = "HUBFERRY_CONFIG=";
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const std::string& candidate) { return candidate.starts_with(kConfig); });
  return entry == entries.end() ? std::string() : entry->substr(kConfig.size());
}

Result<std::vector<Assignment>> read_environment(const std::vector<std::string>& entries, const RouteNames& routes) {
  std::vector<Assignment> assignments;
  std::map<std::string, std::string> seen;
  for (const std::string& entry : entries) {
    const auto equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (equals == std::string::npos || !name.starts_with(kPrefix) || name == "HUBFERRY_CONFIG") continue;
    if (is_service_link(name)) continue;
    const Origin origin{Source::kEnvironment, "environment " + shown(name, false)};
    const auto key = key_of(std::string_view(name).substr(kPrefix.size()));
    if (!key) {
      return fail(ErrorCode::kInvalid,
                  origin.text + ": unknown variable; the nearest known one is " + nearest_variable(name, routes),
                  Disposition::kFatal);
    }
    Assignment assignment{*key, std::string(trimmed(entry.substr(equals + 1))), origin};
    const auto match = find_key(*key);
    const std::string unique = match && match->key == nullptr ? "kafka." + match->property : *key;
    const auto [first, added] = seen.emplace(unique, origin.text);
    if (!added) return tl::make_unexpected(option_error(assignment, "was already given as " + first->second));
    assignments.push_back(std::move(assignment));
  }
  return assignments;
}

}  // namespace hubferry::config

#include "config/effective.h"

#include <algorithm>
#include <set>

#include "config/consume_checks.h"
#include "config/control_checks.h"
#include "config/file.h"
#include "config/ingest_checks.h"
#include "config/notify_checks.h"

namespace hubferry::config {
namespace {

Error plain_error(std::string message) {
  return Error{ErrorCode::kInvalid, std::move(message), Disposition::kFatal};
}

// One section's keys: given or default, read and stored.
Status apply(const Key& key, const std::string& route, const Merged& given, const Target& target,
             std::vector<Assignment>& assignments) {
  const std::string name = full_key(key, route);
  Assignment assignment{name, std::string(key.default_value), {Source::kDefault, "default"}};
  if (const auto found = given.find(name); found != given.end()) {
    assignment = found->second;
  } else if (key.use == Use::kRequired) {
    return tl::make_unexpected(plain_error(name + " is missing: " + std::string(key.description)));
  } else if (key.use == Use::kEnvironmentOnly) {
    return {};
  }
  const auto value = parse_value(key.kind, assignment.value, key.range, key.choices);
  if (!value) return tl::make_unexpected(option_error(assignment, value.error()));
  key.apply(target, *value);
  assignments.push_back(std::move(assignment));
  return {};
}

std::set<std::string> route_names(const Merged& given, std::string_view section) {
  std::set<std::string> names;
  for (const auto& [name, assignment] : given) {
    const auto match = find_key(name);
    if (match && match->key != nullptr && match->key->section == section) names.insert(match->route);
  }
  return names;
}

Status apply_section(std::string_view section, const std::string& route, const Merged& given, const Target& target,
                     std::vector<Assignment>& assignments) {
  for (const Key& key : schema()) {
    if (key.section != section) continue;
    if (auto status = apply(key, route, given, target, assignments); !status) return status;
  }
  return {};
}

Status build(const Merged& given, Effective& result) {
  Target target{&result.settings, &result.event_hubs, &result.notify, nullptr, nullptr};
  for (const Key& key : schema()) {
    if (key.section.ends_with(".*")) continue;
    if (auto status = apply(key, {}, given, target, result.assignments); !status) return status;
  }
  for (const std::string& name : route_names(given, "produce.*")) {
    ProduceRoute route;
    route.name = name;
    target.produce = &route;
    if (auto status = apply_section("produce.*", name, given, target, result.assignments); !status) return status;
    result.settings.produce.push_back(std::move(route));
  }
  for (const std::string& name : route_names(given, "consume.*")) {
    ConsumeRoute route;
    route.name = name;
    target.consume = &route;
    if (auto status = apply_section("consume.*", name, given, target, result.assignments); !status) return status;
    result.settings.consume.push_back(std::move(route));
  }
  return {};
}

template <class Route>
Status check_retry(const Route& route, const std::string& section) {
  if (route.retry_initial <= route.retry_max) return {};
  return tl::make_unexpected(
      plain_error(section + route.name + ".retry.initial = " + duration_text(route.retry_initial.count()) +
                  " must not be longer than retry.max = " + duration_text(route.retry_max.count())));
}

Status check_routes(const Settings& settings) {
  if (settings.produce.empty() && settings.consume.empty()) {
    return tl::make_unexpected(
        plain_error("no route is configured: add a section [produce.NAME] with topic, or [consume.NAME] with topic, "
                    "group and handler"));
  }
  std::map<std::string, std::string> topics;
  for (const ProduceRoute& route : settings.produce) {
    const auto [first, added] = topics.emplace(route.topic, route.name);
    if (!added) {
      return tl::make_unexpected(plain_error("produce." + first->second + " and produce." + route.name +
                                             " have the same topic = " + route.topic + ": /v1/topics/" + route.topic +
                                             "/events must mean one of them"));
    }
    if (auto status = check_retry(route, "produce."); !status) return status;
  }
  for (const ConsumeRoute& route : settings.consume) {
    if (auto status = check_retry(route, "consume."); !status) return status;
  }
  return {};
}

void warn_of_routes(Settings& settings) {
  for (const ProduceRoute& route : settings.produce) {
    if (settings.ingest.max_body_bytes < route.spool_segment_bytes) continue;
    settings.warnings.push_back("produce." + route.name +
                                ".spool.segment-bytes is not larger than ingest.max-body: "
                                "larger requests are refused");
  }
}

// A file with passwords that everybody may read.
void warn_of_secret_files(const Merged& given, Settings& settings) {
  std::set<std::string> files;
  for (const auto& [name, assignment] : given) {
    if (assignment.origin.source != Source::kFile || !is_secret(name)) continue;
    const std::string& place = assignment.origin.text;
    const std::string path = place.substr(0, place.rfind(':'));
    if (!files.insert(path).second || !readable_by_others(path)) continue;
    settings.warnings.push_back(place + ": every user of this host can read this secret: chmod 0640 or stricter");
  }
}

}  // namespace

Result<Effective> effective(const Merged& given) {
  Effective result;
  Status status = build(given, result);
  if (status) status = check_routes(result.settings);
  if (status) status = check_ingest(result.settings);
  if (status) status = check_consume(result.settings);
  if (status) status = check_control(result.settings);
  if (status) status = check_notify(result.notify, result.settings);
  if (!status) return tl::make_unexpected(status.error());
  warn_of_routes(result.settings);
  warn_of_secret_files(given, result.settings);

  ClientProperties user;
  for (const auto& [name, assignment] : given) {
    const auto match = find_key(name);
    if (match && match->key == nullptr) user[match->property] = assignment;
  }
  auto properties = client_properties(user, result.event_hubs, result.settings);
  if (!properties) return tl::make_unexpected(properties.error());
  result.properties = std::move(*properties);
  split_properties(result.properties, result.settings);
  return result;
}

}  // namespace hubferry::config

#pragma once
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "config/values.h"

namespace hubferry::config {

// The [event-hubs] section as given; not part of Settings, which carry only what follows from it.
struct EventHubsOptions {
  std::string connection_string_file;
  std::string connection_string;  // secret
  std::set<std::string> accept_outside_range;
};

// What of [notify] says where a setting is to be found.
struct NotifyOptions {
  std::string webhook_url_file;
};

// Where a key's value is stored.
struct Target {
  Settings* settings = nullptr;
  EventHubsOptions* event_hubs = nullptr;
  NotifyOptions* notify = nullptr;
  ProduceRoute* produce = nullptr;  // only for [produce.NAME]
  ConsumeRoute* consume = nullptr;  // only for [consume.NAME]
};

enum class Use {
  kOptional,
  kRequired,
  kEnvironmentOnly,  // a secret: never shown, refused on the command line and in the file
};

// One row of the table that drives parsing, --help, --print-config, suggestions and range errors.
struct Key {
  std::string_view section;  // "produce.*" and "consume.*" stand for one section per route
  std::string_view name;
  Kind kind = Kind::kText;
  std::string_view default_value;
  Use use = Use::kOptional;
  Range range = {};              // for kCount, kDuration and kSize
  std::string_view choices;      // for kChoice: "a|b"
  std::string_view description;  // one line
  void (*apply)(const Target& target, const Value& value) = nullptr;
};

std::span<const Key> schema();

// A full key taken apart. `key` is null for kafka.PROPERTY.
struct Match {
  const Key* key = nullptr;
  std::string route;     // NAME of produce.NAME.* and consume.NAME.*
  std::string property;  // librdkafka's name
};

// The row that `full` (SECTION.KEY) belongs to, or why there is none: names the nearest known key.
Parsed<Match> find_key(std::string_view full);

// SECTION.KEY of a row, with the route's name put in.
std::string full_key(const Key& key, std::string_view route = {});

bool is_secret(std::string_view full);

// [a-z0-9-]+
bool is_route_name(std::string_view name);

// The candidate with the smallest edit distance (Levenshtein) to `word`; empty without candidates.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace hubferry::config

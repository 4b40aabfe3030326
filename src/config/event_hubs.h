#pragma once
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/client_properties.h"
#include "config/connection_string.h"
#include "config/kafka_properties.h"
#include "config/schema.h"
#include "config/settings.h"

namespace hubferry::config {

// One rule of the Event Hubs Kafka endpoint. Its clients are those of client_kind(property).
struct EventHubsRule {
  std::string_view property;
  std::string_view value;       // what the profile sets; empty: nothing, the rule only checks
  Range range = {};             // allowed, for numbers
  std::string_view words = {};  // allowed, "a|b"; empty: a number
  std::string_view reason;
};
std::span<const EventHubsRule> event_hubs_rules();

// Reads the connection string from the options: none, or the one of the file or of the variable. Adds warnings.
Result<std::optional<ConnectionString>> connection_string(const EventHubsOptions& options,
                                                          std::vector<std::string>& warnings);

// The profile's values and what follows from the connection string.
Status add_event_hubs_profile(const ConnectionString& connection, bool user_chose_certificates,
                              ClientProperties& properties);

// Refuses values outside Event Hubs' ranges, except properties named in `accepted`, which are warned of.
Status check_event_hubs(const ClientProperties& properties, const ConnectionString& connection,
                        const std::set<std::string>& accepted, std::vector<std::string>& warnings);

// The first path that can be read, empty if none.
std::string find_ca_bundle(std::span<const char* const> paths);

}  // namespace hubferry::config

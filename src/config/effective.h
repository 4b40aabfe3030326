#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/client_properties.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/source.h"

namespace hubferry::config {

using Merged = std::map<std::string, Assignment>;  // by SECTION.KEY; kafka.* by canonical property

// Everything that follows from the given keys.
struct Effective {
  Settings settings;
  EventHubsOptions event_hubs;
  NotifyOptions notify;
  std::vector<Assignment> assignments;  // every key with a value, in the schema's order, for --print-config
  ClientProperties properties;
};

// Fills in defaults, reads every value by its kind and range, builds the routes and checks what several keys say
// together.
Result<Effective> effective(const Merged& given);

}  // namespace hubferry::config

#pragma once
#include <map>
#include <string>

#include "base/result.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/source.h"

namespace hubferry::config {

// librdkafka properties of both kinds of client by canonical name, with their origin. Assignment::key is
// "kafka.PROPERTY" with the name the user chose.
using ClientProperties = std::map<std::string, Assignment>;

// `user` holds the kafka.* keys that were given. Merges user > connection string > Event Hubs profile > defaults,
// checks limits, ranges and the broker's address, and adds to settings.warnings.
Result<ClientProperties> client_properties(const ClientProperties& user, const EventHubsOptions& event_hubs,
                                           Settings& settings);

// Hands each property to the kind of client that knows it.
void split_properties(const ClientProperties& properties, Settings& settings);

}  // namespace hubferry::config

#pragma once
#include "base/result.h"
#include "config/settings.h"

namespace hubferry::config {

// What several keys of a consume route say together, and what the routes say together: errors name the keys, doubts go
// to settings.warnings. Puts in what the daemon finds out itself (group-instance-id = hostname).
Status check_consume(Settings& settings);

}  // namespace hubferry::config

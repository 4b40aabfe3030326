#pragma once
#include <string>

#include "base/result.h"
#include "config/settings.h"

namespace hubferry::config {

// What the control topic means for the routes: errors name the keys, doubts go to settings.warnings. Puts the host's
// name in where control.instance gives none.
Status check_control(Settings& settings);

// Empty: this host has none.
std::string host_name();

}  // namespace hubferry::config

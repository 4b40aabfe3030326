#pragma once
#include "base/result.h"
#include "config/schema.h"
#include "config/settings.h"

namespace hubferry::config {

// Reads the webhook's URL from its file, and checks what the keys of [notify] say together: errors name the keys, never
// the URL; doubts go to settings.warnings.
Status check_notify(const NotifyOptions& options, Settings& settings);

}  // namespace hubferry::config

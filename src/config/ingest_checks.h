#pragma once
#include "base/result.h"
#include "config/settings.h"

namespace hubferry::config {

// What the keys of [ingest] say together: who may post. Warnings go to settings.warnings.
Status check_ingest(Settings& settings);

}  // namespace hubferry::config

#pragma once
#include <spdlog/spdlog.h>

#include <string>

#include "base/result.h"

namespace hubferry::observe {

// Sets up spdlog's default logger on standard error: one line an entry, text or JSON ({"time","level","message"}),
// UTC with milliseconds. Call once, before other threads start; afterwards everybody uses spdlog::info(...) and so on.
Status start_logging(const std::string& level, bool json);

}  // namespace hubferry::observe

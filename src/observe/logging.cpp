#include "observe/logging.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <optional>
#include <utility>

#include "observe/log_formatter.h"

namespace hubferry::observe {
namespace {

std::optional<spdlog::level::level_enum> parse_level(const std::string& level) {
  if (level == "trace") return spdlog::level::trace;
  if (level == "debug") return spdlog::level::debug;
  if (level == "info") return spdlog::level::info;
  if (level == "warn") return spdlog::level::warn;
  if (level == "error") return spdlog::level::err;
  return std::nullopt;
}

}  // namespace

Status start_logging(const std::string& level, bool json) {
  const auto parsed = parse_level(level);
  if (!parsed) {
    return fail(ErrorCode::kInvalid, "log level '" + level + "' is unknown: use trace, debug, info, warn or error");
  }
  auto logger = std::make_shared<spdlog::logger>("hubferry", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<LogFormatter>(json));
  logger->set_level(*parsed);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace hubferry::observe

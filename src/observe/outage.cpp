#include "observe/outage.h"

#include <spdlog/spdlog.h>

namespace hubferry::observe {
namespace {

constexpr std::chrono::seconds kRepeatEvery{60};

}  // namespace

OutageLog::Line OutageLog::note(bool trouble, Instant now) {
  if (!began_) {
    if (!trouble) return Line::kNone;
    began_ = told_ = now;
    return Line::kBegan;
  }
  lasted_ = std::chrono::duration_cast<std::chrono::seconds>(now - *began_);
  if (!trouble) {
    began_.reset();
    return Line::kEnded;
  }
  if (now - told_ < kRepeatEvery) return Line::kNone;
  told_ = now;
  return Line::kLasts;
}

void log_outage(OutageLog& log, const std::string& route, const std::optional<std::string>& trouble,
                const char* recovered, Instant now) {
  switch (log.note(trouble.has_value(), now)) {
    case OutageLog::Line::kNone:
      return;
    case OutageLog::Line::kBegan:
      return spdlog::warn("route {}: {}", route, *trouble);
    case OutageLog::Line::kLasts:
      return spdlog::warn("route {}: for {} s now: {}", route, log.lasted().count(), *trouble);
    case OutageLog::Line::kEnded:
      return spdlog::info("route {}: {} after {} s", route, recovered, log.lasted().count());
  }
}

}  // namespace hubferry::observe

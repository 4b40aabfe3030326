#pragma once
#include <optional>
#include <string>

#include "base/clock.h"

namespace hubferry::observe {

// Decides when an outage is worth a log line: when it begins, once a minute while it lasts, and when it ends. Pure; one
// thread.
class OutageLog {
 public:
  enum class Line { kNone, kBegan, kLasts, kEnded };

  // The current state: `trouble` is what is wrong, nothing when all is well.
  Line note(bool trouble, Instant now);

  // How long the outage lasts, or the last one lasted.
  std::chrono::seconds lasted() const { return lasted_; }

 private:
  std::optional<Instant> began_;
  Instant told_{};
  std::chrono::seconds lasted_{0};
};

// Writes the line that is due, if any: "route NAME: TROUBLE", or at the end "route NAME: RECOVERED after N s".
void log_outage(OutageLog& log, const std::string& route, const std::optional<std::string>& trouble,
                const char* recovered, Instant now);

}  // namespace hubferry::observe

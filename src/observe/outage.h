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

  // The current state: `reason` is why not, nothing when all is well.
  Line note(const std::optional<std::string>& reason, Instant now) {
    if (!reason) {
      if (!began_) return Line::kNone;
      lasted_ = std::chrono::duration_cast<std::chrono::seconds>(now - *began_);
      began_.reset();
      return Line::kEnded;
    }
    if (!began_) {
      began_ = told_ = now;
      return Line::kBegan;
    }
    lasted_ = std::chrono::duration_cast<std::chrono::seconds>(now - *began_);
    if (now - told_ < kEvery) return Line::kNone;
    told_ = now;
    return Line::kLasts;
  }

  // How long the outage lasts, or the last one lasted.
  std::chrono::seconds lasted() const { return lasted_; }

 private:
  static constexpr std::chrono::seconds kEvery{60};

  std::optional<Instant> began_;
  Instant told_{};
  std::chrono::seconds lasted_{0};
};

}  // namespace hubferry::observe

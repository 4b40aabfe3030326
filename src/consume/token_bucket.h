#pragma once
#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace hubferry::consume {

// At most `rate` per second, with a burst of a tenth of a second's worth (at least 1). Reads no clock; one thread.
class TokenBucket {
 public:
  explicit TokenBucket(std::uint32_t rate) : rate_(rate), burst_(std::max(1.0, rate / 10.0)), tokens_(burst_) {}

  bool unlimited() const { return rate_ == 0; }

  // How many may go now.
  std::uint32_t available(Instant now) {
    if (unlimited()) return UINT32_MAX;
    if (last_ != Instant{}) {
      tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - last_).count() * rate_);
    }
    last_ = now;
    return static_cast<std::uint32_t>(tokens_);
  }
  void take(std::uint32_t count) {
    if (!unlimited()) tokens_ -= count;
  }
  // When the next one may go, as of the last available().
  Instant next() const {
    return last_ + std::chrono::ceil<Milliseconds>(std::chrono::duration<double>(std::max(0.0, 1.0 - tokens_) / rate_));
  }

 private:
  std::uint32_t rate_;
  double burst_;
  double tokens_;
  Instant last_{};
};

}  // namespace hubferry::consume

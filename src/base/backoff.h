#pragma once
#include <algorithm>
#include <cstdint>
#include <random>

#include "base/clock.h"

namespace hubferry {

// Exponential backoff with full jitter: delay number n is uniform in (0, min(maximum, initial * 2^n)].
// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Not thread-safe.
class Backoff {
 public:
  Backoff(Milliseconds initial, Milliseconds maximum, std::uint64_t seed)
      : initial_(initial), maximum_(maximum), random_(seed) {}

  // The next delay, at least 1 ms.
  Milliseconds next() { return delay(step_++); }

  // The delay after `failures` earlier ones, for callers that count by themselves.
  Milliseconds delay(std::uint32_t failures) {
    const std::int64_t ceiling =
        std::min<std::int64_t>(maximum_.count(), initial_.count() << std::min<std::uint32_t>(failures, 20));
    std::uniform_int_distribution<std::int64_t> jitter(1, std::max<std::int64_t>(1, ceiling));
    return Milliseconds(jitter(random_));
  }

  void reset() { step_ = 0; }
  std::uint32_t failures() const { return step_; }

 private:
  Milliseconds initial_;
  Milliseconds maximum_;
  std::uint32_t step_ = 0;
  std::mt19937_64 random_;
};

}  // namespace hubferry

#pragma once
#include <chrono>
#include <cstdint>

namespace hubferry {

// Monotonic time: for deadlines, backoff and durations. State machines get it as an argument and never read a clock.
using SteadyClock = std::chrono::steady_clock;
using Instant = SteadyClock::time_point;
using Milliseconds = std::chrono::milliseconds;

// Wall time in milliseconds since the Unix epoch: only for what a person or another machine reads.
inline std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace hubferry

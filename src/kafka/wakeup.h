#pragma once
#include <cstdint>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace hubferry::kafka {

// A bell on an eventfd: rung by librdkafka's queues and by other threads, waited for by one thread.
class Wakeup {
 public:
  static constexpr std::uint64_t kRing = 1;  // what librdkafka writes to descriptor()

  // Throws std::system_error when no descriptor is left.
  Wakeup();

  int descriptor() const { return fd_.get(); }

  // Any thread.
  void ring() noexcept;

  // Waits until it was rung since the last wait() or `timeout` has passed, and silences it.
  void wait(Milliseconds timeout) noexcept;

 private:
  UniqueFd fd_;
};

}  // namespace hubferry::kafka

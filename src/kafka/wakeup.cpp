#include "kafka/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace hubferry::kafka {

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Wakeup::ring() noexcept {
  // Fails only when the counter is full, and then it rings already.
  [[maybe_unused]] const auto written = ::write(fd_.get(), &kRing, sizeof kRing);
}

void Wakeup::wait(Milliseconds timeout) noexcept {
  pollfd bell{fd_.get(), POLLIN, 0};
  const auto limit = static_cast<int>(std::clamp<Milliseconds::rep>(timeout.count(), 0, 60'000));
  if (::poll(&bell, 1, limit) <= 0) return;
  std::uint64_t rings = 0;
  [[maybe_unused]] const auto got = ::read(fd_.get(), &rings, sizeof rings);
}

}  // namespace hubferry::kafka

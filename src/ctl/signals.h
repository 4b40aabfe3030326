#pragma once
#include <csignal>
#include <ctime>

#include "base/clock.h"

namespace hubferry::ctl {

// Keeps SIGINT, SIGTERM and SIGPIPE of this thread, and of those it starts, for wait().
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&held_, number);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // The name of the signal to end for; null: none came within `at_most`.
  const char* wait(Milliseconds at_most) const {
    const timespec time{at_most.count() / 1'000, (at_most.count() % 1'000) * 1'000'000};
    const int number = sigtimedwait(&held_, nullptr, &time);
    if (number == SIGINT) return "SIGINT";
    return number == SIGTERM ? "SIGTERM" : nullptr;
  }

 private:
  sigset_t held_{};
  sigset_t before_{};
};

}  // namespace hubferry::ctl

#include "kafka/wakeup.h"

#include <gtest/gtest.h>

#include <thread>

namespace hubferry::kafka {
namespace {

TEST(Wakeup, RemembersARingFromBeforeTheWait) {
  Wakeup bell;
  bell.ring();
  bell.ring();
  const Instant start = SteadyClock::now();
  bell.wait(Milliseconds(60'000));
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(30));
}

TEST(Wakeup, IsSilentAfterTheWait) {
  Wakeup bell;
  bell.ring();
  bell.wait(Milliseconds(0));
  const Instant start = SteadyClock::now();
  bell.wait(Milliseconds(20));
  EXPECT_GE(SteadyClock::now() - start, Milliseconds(20));
}

TEST(Wakeup, EndsAWaitFromAnotherThread) {
  Wakeup bell;
  std::jthread other([&] { bell.ring(); });
  const Instant start = SteadyClock::now();
  bell.wait(Milliseconds(60'000));
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace hubferry::kafka

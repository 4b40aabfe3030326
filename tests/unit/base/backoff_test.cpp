#include "base/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

namespace hubferry {
namespace {

constexpr Milliseconds kInitial{1'000};
constexpr Milliseconds kMaximum{30'000};
constexpr int kDraws = 2'000;

class BackoffTest : public testing::Test {
 protected:
  const std::uint64_t seed_ = std::random_device{}();
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  Backoff backoff_{kInitial, kMaximum, seed_};
};

TEST_F(BackoffTest, StaysWithinTheDoublingCeiling) {
  for (std::uint32_t failures = 0; failures < 8; ++failures) {
    const Milliseconds ceiling = std::min(kMaximum, kInitial * (std::int64_t{1} << failures));
    for (int draw = 0; draw < kDraws; ++draw) {
      const Milliseconds delay = backoff_.delay(failures);
      ASSERT_GE(delay, Milliseconds(1)) << "after " << failures << " failures";
      ASSERT_LE(delay, ceiling) << "after " << failures << " failures";
    }
  }
}

// Full jitter, not half: the chance that 2000 draws miss the lowest or the highest tenth is below 1e-91.
TEST_F(BackoffTest, UsesTheWholeSpanBelowTheCeiling) {
  Milliseconds shortest = kMaximum;
  Milliseconds longest{0};
  for (int draw = 0; draw < kDraws; ++draw) {
    const Milliseconds delay = backoff_.delay(3);
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }
  EXPECT_LT(shortest, kInitial * 8 / 10);
  EXPECT_GT(longest, kInitial * 8 * 9 / 10);
}

TEST_F(BackoffTest, ReachesTheMaximumHoweverManyFailures) {
  for (const std::uint32_t failures : {20U, 60U, 63U, 64U, 1'000'000U, 0xFFFFFFFFU}) {
    Milliseconds longest{0};
    for (int draw = 0; draw < kDraws; ++draw) longest = std::max(longest, backoff_.delay(failures));
    EXPECT_GT(longest, kMaximum * 9 / 10) << "after " << failures << " failures";
    EXPECT_LE(longest, kMaximum) << "after " << failures << " failures";
  }
}

TEST_F(BackoffTest, ResetStartsAgainAtTheInitialDelay) {
  for (int i = 0; i < 10; ++i) backoff_.next();
  EXPECT_EQ(backoff_.failures(), 10U);
  backoff_.reset();
  EXPECT_EQ(backoff_.failures(), 0U);
  EXPECT_LE(backoff_.next(), kInitial);
  EXPECT_EQ(backoff_.failures(), 1U);
}

TEST_F(BackoffTest, TheSameSeedGivesTheSameDelays) {
  Backoff twin(kInitial, kMaximum, seed_);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(backoff_.next(), twin.next());
}

}  // namespace
}  // namespace hubferry

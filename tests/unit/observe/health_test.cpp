#include "observe/health.h"

#include <gtest/gtest.h>

namespace hubferry::observe {
namespace {

using State = Health::State;

TEST(Health, IsReadyUnlessAPartIsNotReady) {
  Health health;
  EXPECT_TRUE(health.ready());
  health.set("a", State::kReady);
  health.set("b", State::kDegraded, "broker away");
  EXPECT_TRUE(health.ready());
  health.set("a", State::kNotReady, "starting");
  EXPECT_FALSE(health.ready());
  health.remove("a");
  EXPECT_TRUE(health.ready());
}

TEST(Health, KeepsTheLastStateAndReasonOfEachPart) {
  Health health;
  health.set("b", State::kNotReady, "starting");
  health.set("a", State::kDegraded, "old");
  health.set("a", State::kReady);
  const auto parts = health.parts();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].first, "a");
  EXPECT_EQ(parts[0].second.state, State::kReady);
  EXPECT_EQ(parts[0].second.reason, "");
  EXPECT_EQ(parts[1].second.reason, "starting");
}

}  // namespace
}  // namespace hubferry::observe

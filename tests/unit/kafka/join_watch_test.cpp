#include "kafka/join_watch.h"

#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

constexpr int kOffsetCommit = 8;
constexpr int kJoinGroup = 11;
constexpr int kHeartbeat = 12;
constexpr int kSyncGroup = 14;

TEST(JoinWatch, LastsFromTheJoinUntilTheAssignment) {
  Wakeup bell;
  JoinWatch watch(bell);
  EXPECT_FALSE(watch.joining());
  watch.sent(kJoinGroup);
  EXPECT_TRUE(watch.joining());
  watch.answered(kJoinGroup);
  watch.sent(kSyncGroup);
  watch.sent(kHeartbeat);
  watch.answered(kHeartbeat);
  watch.answered(kOffsetCommit);
  EXPECT_TRUE(watch.joining()) << "the assignment is still to come";
  watch.answered(kSyncGroup);
  EXPECT_FALSE(watch.joining());
}

TEST(JoinWatch, RingsWhenJoiningHasEnded) {
  Wakeup bell;
  JoinWatch watch(bell);
  watch.sent(kJoinGroup);
  watch.answered(kSyncGroup);
  const Instant start = SteadyClock::now();
  bell.wait(Milliseconds(60'000));
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace hubferry::kafka

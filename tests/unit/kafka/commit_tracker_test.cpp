#include "kafka/commit_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Instant kStart{};

TEST(CommitTracker, GivesTheTokenToTheFirstAnswerOnly) {
  CommitTracker tracker(Milliseconds(10));
  const auto number = tracker.begin(7, kStart);
  EXPECT_EQ(tracker.finish(number), 7U);
  EXPECT_EQ(tracker.finish(number), std::nullopt);
}

TEST(CommitTracker, ExpiresInOrderAndDropsTheLateAnswer) {
  CommitTracker tracker(Milliseconds(10));
  const auto first = tracker.begin(7, kStart);
  tracker.begin(8, kStart + Milliseconds(1));
  const auto last = tracker.begin(9, kStart + Milliseconds(5));
  EXPECT_THAT(tracker.expire(kStart + Milliseconds(9)), IsEmpty());
  EXPECT_THAT(tracker.expire(kStart + Milliseconds(11)), ElementsAre(7, 8));
  EXPECT_EQ(tracker.finish(first), std::nullopt);
  EXPECT_EQ(tracker.finish(last), 9U);
}

TEST(CommitTracker, KeepsCommitsWithTheSameTokenApart) {
  CommitTracker tracker(Milliseconds(10));
  const auto expired = tracker.begin(7, kStart);
  tracker.expire(kStart + Milliseconds(10));
  const auto again = tracker.begin(7, kStart + Milliseconds(10));
  EXPECT_EQ(tracker.finish(expired), std::nullopt) << "the late answer is not the new commit's";
  EXPECT_EQ(tracker.finish(again), 7U);
}

TEST(CommitTracker, KnowsItsNextDeadline) {
  CommitTracker tracker(Milliseconds(10));
  EXPECT_EQ(tracker.next_deadline(), std::nullopt);
  const auto number = tracker.begin(7, kStart);
  tracker.begin(8, kStart + Milliseconds(3));
  EXPECT_EQ(tracker.next_deadline(), kStart + Milliseconds(10));
  tracker.finish(number);
  EXPECT_EQ(tracker.next_deadline(), kStart + Milliseconds(13));
}

}  // namespace
}  // namespace hubferry::kafka

#include "consume/group_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "consume/seen_events.h"
#include "consume/token_bucket.h"
#include "event/origin.h"

namespace hubferry::consume {
namespace {

using kafka::PartitionPosition;
using testing::ElementsAre;
using testing::IsEmpty;

class GroupWatchTest : public testing::Test {
 protected:
  static PartitionPosition position(std::int64_t committed, std::int64_t low, std::int64_t end) {
    return {committed, {}, low, end, -1};
  }
  GroupWatch::Findings look(const PartitionPosition& position, std::vector<GroupWatch::Assigned> assigned) {
    now_ += GroupWatch::kLookUpInterval;
    return watch_.look({position}, assigned, now_);
  }

  Instant now_ = Instant() + std::chrono::hours(1);
  GroupWatch watch_{Milliseconds(30'000)};
};

TEST_F(GroupWatchTest, LagIsWhatIsNotFinished) {
  EXPECT_EQ(look(position(100, 0, 250), {{0, 120, 200, true}}).lag, 130);
}

TEST_F(GroupWatchTest, TwoLooksWithoutARecordAlthoughThereIsMoreAreSuspicious) {
  EXPECT_THAT(look(position(0, 0, 250), {{0, 120, 200, true}}).starved, IsEmpty());
  EXPECT_THAT(look(position(0, 0, 250), {{0, 120, 200, true}}).starved, ElementsAre(0));
  EXPECT_THAT(look(position(0, 0, 250), {{0, 120, 201, true}}).starved, IsEmpty()) << "something came";
}

TEST_F(GroupWatchTest, AFullBufferOrAReadTopicIsNotSuspicious) {
  for (int i = 0; i < 3; ++i) EXPECT_THAT(look(position(0, 0, 250), {{0, 120, 200, false}}).starved, IsEmpty());
  for (int i = 0; i < 3; ++i) EXPECT_THAT(look(position(0, 0, 250), {{0, 250, 250, true}}).starved, IsEmpty());
}

TEST_F(GroupWatchTest, ACheckpointAmongTheOldestEventsOfATopicWithRetentionIsInDanger) {
  EXPECT_THAT(look(position(0, 1'000, 2'000), {{0, 1'199, 1'300, true}}).near_retention, ElementsAre(0));
  EXPECT_THAT(look(position(0, 1'000, 2'000), {{0, 1'200, 1'300, true}}).near_retention, IsEmpty());
  EXPECT_THAT(look(position(0, 0, 2'000), {{0, 10, 1'300, true}}).near_retention, IsEmpty())
      << "nothing was removed yet";
}

TEST_F(GroupWatchTest, AnEventThatIsOldForItsTopicIsInDangerBeforeRetentionRemovesTheFirst) {
  kafka::PartitionPosition positions = position(0, 0, 2'000);
  positions.aged = 500;
  EXPECT_THAT(look(positions, {{0, 499, 600, true}}).near_retention, ElementsAre(0));
  EXPECT_THAT(look(positions, {{0, 500, 600, true}}).near_retention, IsEmpty());
  positions.aged = 2'000;
  EXPECT_THAT(look(positions, {{0, 2'000, 2'000, true}}).near_retention, IsEmpty()) << "nothing is left to do";
}

TEST_F(GroupWatchTest, AMemberWithoutPartitionsRejoinsWhenNobodyReads) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(look(position(100, 0, 250), {}).rejoin) << i;
  EXPECT_TRUE(look(position(100, 0, 250), {}).rejoin);
}

TEST_F(GroupWatchTest, AMemberWithoutPartitionsStaysWhileOthersRead) {
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(look(position(100 + i, 0, 250), {}).rejoin);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(look(position(250, 0, 250), {}).rejoin) << "nothing to read";
}

TEST_F(GroupWatchTest, AClientWithoutStatisticsStandsStill) {
  EXPECT_FALSE(watch_.stands_still(now_)) << "it may still be connecting";
  watch_.statistics(now_);
  EXPECT_FALSE(watch_.stands_still(now_ + Milliseconds(30'000)));
  EXPECT_TRUE(watch_.stands_still(now_ + Milliseconds(30'001)));
}

TEST(TokenBucket, GivesItsRateOverTimeAndATenthOfASecondAtOnce) {
  TokenBucket bucket(100);
  Instant now = Instant() + std::chrono::hours(1);
  EXPECT_EQ(bucket.available(now), 10U);
  bucket.take(10);
  EXPECT_EQ(bucket.available(now), 0U);
  EXPECT_GT(bucket.next(), now);
  EXPECT_LE(bucket.next(), now + Milliseconds(10));
  now = bucket.next();
  EXPECT_EQ(bucket.available(now), 1U);
  EXPECT_EQ(bucket.available(now + std::chrono::hours(1)), 10U);
}

TEST(TokenBucket, OfRateZeroGivesAll) {
  TokenBucket bucket(0);
  EXPECT_TRUE(bucket.unlimited());
  bucket.take(1'000'000);
  EXPECT_EQ(bucket.available(Instant() + std::chrono::hours(1)), UINT32_MAX);
}

TEST(SeenEvents, ForgetsTheSourceNotMetForLongest) {
  SeenEvents seen;
  const auto repeats = [&seen](std::uint64_t source, std::uint64_t sequence) {
    const auto bytes = event::encode_origin({source, sequence, 0});
    event::Record record;
    record.headers = {{event::kOriginHeader, std::string_view(bytes.data(), bytes.size())}};
    return seen.repeats(record);
  };
  EXPECT_FALSE(repeats(0, 5));
  for (std::uint64_t source = 1; source < SeenEvents::kMostSources; ++source) EXPECT_FALSE(repeats(source, 5));
  EXPECT_TRUE(repeats(0, 5));
  EXPECT_FALSE(repeats(SeenEvents::kMostSources, 5));
  EXPECT_TRUE(repeats(0, 4));
  EXPECT_FALSE(repeats(1, 5)) << "forgotten";
}

}  // namespace
}  // namespace hubferry::consume

#include "spool/ack_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace hubferry::spool::test {
namespace {

using Ranges = std::vector<SequenceRange>;

AckTracker::Place place(std::uint64_t end) {
  return {1, end, static_cast<std::int64_t>(end)};
}

TEST(AckTracker, MovesTheLowWaterMarkOnlyOverWholeBlocksInOrder) {
  AckTracker tracker;
  EXPECT_EQ(tracker.add({1, 3}, place(100)), 3U);
  EXPECT_EQ(tracker.add({4, 5}, place(200)), 2U);
  tracker.acknowledge(4);
  tracker.acknowledge(5);
  tracker.acknowledge(1);
  tracker.acknowledge(2);
  EXPECT_FALSE(tracker.pop_settled());
  EXPECT_EQ(tracker.low_water(), 0U);
  tracker.acknowledge(3);
  EXPECT_EQ(tracker.pop_settled()->end, 100U);
  EXPECT_EQ(tracker.pop_settled()->end, 200U);
  EXPECT_FALSE(tracker.pop_settled());
  EXPECT_EQ(tracker.low_water(), 5U);
}

TEST(AckTracker, CountsAnAcknowledgementOnce) {
  AckTracker tracker;
  tracker.add({1, 2}, place(1));
  EXPECT_TRUE(tracker.acknowledge(1));
  EXPECT_FALSE(tracker.acknowledge(1));
  EXPECT_FALSE(tracker.acknowledge(9)) << "nothing in flight has it";
  EXPECT_TRUE(tracker.acknowledge(2));
  EXPECT_FALSE(tracker.acknowledge(2));
}

TEST(AckTracker, AddingAKnownBlockAgainTellsWhatWaits) {
  AckTracker tracker;
  tracker.add({1, 3}, place(1));
  tracker.add({4, 6}, place(2));
  tracker.acknowledge(5);
  EXPECT_EQ(tracker.add({1, 3}, place(1)), 3U);
  EXPECT_EQ(tracker.add({4, 6}, place(2)), 2U);
  for (std::uint64_t s : {1U, 2U, 3U}) tracker.acknowledge(s);
  tracker.pop_settled();
  EXPECT_EQ(tracker.add({1, 3}, place(1)), 0U);
}

TEST(AckTracker, RestoresTheRangesKnownFromBeforeARestart) {
  AckTracker tracker(10, {{13, 14}, {16, 30}});
  EXPECT_TRUE(tracker.contains(10));
  EXPECT_FALSE(tracker.contains(12));
  EXPECT_TRUE(tracker.contains(29));
  EXPECT_EQ(tracker.add({11, 15}, place(1)), 3U);
  EXPECT_EQ(tracker.add({16, 20}, place(2)), 0U);
  EXPECT_EQ(tracker.ranges(10), (Ranges{{13, 14}, {16, 30}}));
  for (std::uint64_t s : {11U, 12U, 15U}) EXPECT_TRUE(tracker.acknowledge(s));
  EXPECT_FALSE(tracker.acknowledge(13));
  while (tracker.pop_settled()) {
  }
  EXPECT_EQ(tracker.low_water(), 20U);
  EXPECT_EQ(tracker.ranges(10), (Ranges{{21, 30}}));
}

TEST(AckTracker, KeepsTheRangesNearestToTheLowWaterMark) {
  AckTracker tracker;
  tracker.add({1, 100}, place(1));
  for (std::uint64_t s = 2; s <= 100; s += 2) tracker.acknowledge(s);
  EXPECT_EQ(tracker.ranges(3), (Ranges{{2, 2}, {4, 4}, {6, 6}}));
}

TEST(AckTracker, PassesOverSequencesThatNoBlockHolds) {
  AckTracker tracker;
  tracker.add({1, 2}, place(1));
  tracker.add({10, 11}, place(2));
  for (std::uint64_t s : {1U, 2U, 10U, 11U}) tracker.acknowledge(s);
  while (tracker.pop_settled()) {
  }
  EXPECT_EQ(tracker.low_water(), 11U);
}

TEST(AckTracker, GivesUpWhatIsLostAndTellsHowMuchStillWaited) {
  AckTracker tracker(0, {{8, 8}});
  tracker.add({1, 2}, place(1));
  tracker.add({3, 5}, place(2));
  tracker.acknowledge(4);
  EXPECT_EQ(tracker.give_up({3, 9}, place(3)), 2U + 3U);
  EXPECT_EQ(tracker.give_up({3, 9}, place(3)), 0U);
  tracker.acknowledge(1);
  tracker.acknowledge(2);
  while (tracker.pop_settled()) {
  }
  EXPECT_EQ(tracker.low_water(), 9U);
}

TEST(AckTracker, RisesOverSettledSequencesButNotOverBlocksInFlight) {
  AckTracker tracker(5);
  tracker.raise(7);
  EXPECT_EQ(tracker.low_water(), 7U);
  tracker.raise(6);
  EXPECT_EQ(tracker.low_water(), 7U);
  tracker.add({8, 9}, place(1));
  tracker.raise(9);
  EXPECT_EQ(tracker.low_water(), 7U);
}

TEST(AckTracker, AgreesWithASetForAnyOrder) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  AckTracker tracker;
  std::uint64_t last = 0;
  std::vector<SequenceRange> blocks;
  for (int i = 0; i < 40; ++i) {
    blocks.push_back({last + 1, last + 1 + random() % 150});
    last = blocks.back().last;
    tracker.add(blocks.back(), place(last));
  }
  std::vector<std::uint64_t> order(last);
  std::iota(order.begin(), order.end(), 1);
  std::shuffle(order.begin(), order.end(), random);
  std::vector<bool> done(last + 2);
  for (const auto sequence : order) {
    ASSERT_TRUE(tracker.acknowledge(sequence));
    done[sequence] = true;
    while (tracker.pop_settled()) {
    }
    std::uint64_t low = 0;
    for (const auto& block : blocks) {
      bool whole = true;
      for (std::uint64_t s = block.first; s <= block.last; ++s) whole = whole && done[s];
      if (!whole) break;
      low = block.last;
    }
    ASSERT_EQ(tracker.low_water(), low);
    const std::uint64_t probe = 1 + random() % last;
    ASSERT_EQ(tracker.contains(probe), done[probe]);
  }
  EXPECT_EQ(tracker.low_water(), last);
}

}  // namespace
}  // namespace hubferry::spool::test

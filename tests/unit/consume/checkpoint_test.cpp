#include "consume/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace hubferry::consume {
namespace {

TEST(Checkpoint, StaysBelowTheOldestUnfinishedEvent) {
  Checkpoint checkpoint(7);
  for (const std::int64_t offset : {10, 11, 12}) checkpoint.begin(offset);
  EXPECT_EQ(checkpoint.position(), 7);
  EXPECT_FALSE(checkpoint.finish(11));
  EXPECT_FALSE(checkpoint.finish(12));
  EXPECT_EQ(checkpoint.position(), 7);
  EXPECT_TRUE(checkpoint.finish(10));
  EXPECT_EQ(checkpoint.position(), 13);
  EXPECT_EQ(checkpoint.size(), 0U);
}

TEST(Checkpoint, PassesGapsOfOffsetsThatNeverCome) {
  Checkpoint checkpoint;
  checkpoint.begin(5);
  checkpoint.begin(100);
  checkpoint.finish(5);
  EXPECT_EQ(checkpoint.position(), 6);
  checkpoint.finish(100);
  EXPECT_EQ(checkpoint.position(), 101);
}

TEST(Checkpoint, TellsWhatIsFinishedAboveIt) {
  Checkpoint checkpoint;
  for (const std::int64_t offset : {1, 2, 5, 6, 7, 9}) checkpoint.begin(offset);
  for (const std::int64_t offset : {2, 5, 7}) checkpoint.finish(offset);
  EXPECT_EQ(checkpoint.finished_above(), (std::vector<CommitNote::Run>{{2, 5}, {7, 7}})) << "3 and 4 do not exist";
}

TEST(Checkpoint, IgnoresUnknownAndRepeatedAnswers) {
  Checkpoint checkpoint;
  checkpoint.begin(5);
  checkpoint.begin(6);
  EXPECT_FALSE(checkpoint.finish(4));
  EXPECT_FALSE(checkpoint.finish(7));
  EXPECT_TRUE(checkpoint.finish(5));
  EXPECT_FALSE(checkpoint.finish(5));
  EXPECT_EQ(checkpoint.position(), 6);
}

TEST(Checkpoint, NeverPassesAnUnfinishedEventInRandomOrders) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    Checkpoint checkpoint;
    std::vector<std::int64_t> open;
    std::int64_t offset = 0;
    for (int i = 0; i < 60; ++i) {
      offset += 1 + static_cast<std::int64_t>(random() % 3);
      checkpoint.begin(offset);
      open.push_back(offset);
    }
    std::shuffle(open.begin(), open.end(), random);
    std::set<std::int64_t> unfinished(open.begin(), open.end());
    for (const std::int64_t each : open) {
      checkpoint.finish(each);
      unfinished.erase(each);
      EXPECT_EQ(checkpoint.runs_above(), checkpoint.finished_above().size());
      if (unfinished.empty()) {
        EXPECT_EQ(checkpoint.position(), offset + 1);
      } else {
        EXPECT_LE(checkpoint.position(), *unfinished.begin());
      }
    }
  }
}

}  // namespace
}  // namespace hubferry::consume

#include "consume/start_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hubferry::consume {
namespace {

using kafka::PartitionPosition;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StartPlanTest : public testing::Test {
 protected:
  StartPlanTest() {
    route_.topic = "orders";
    route_.resends_look_back = 10;
  }
  static PartitionPosition committed(std::int64_t offset, const CommitNote& note = {8, {}, {}, {}}) {
    return {offset, encode(note, offset), 100, 200, 150};
  }
  static PartitionPosition fresh() { return {-1, {}, 100, 200, 150}; }
  // Of one partition.
  Start start(const PartitionPosition& position) { return plan({position}).starts.at(0); }
  StartPlan plan(const std::vector<PartitionPosition>& positions) {
    std::vector<std::int32_t> partitions;
    for (std::size_t i = 0; i < positions.size(); ++i) partitions.push_back(static_cast<std::int32_t>(i));
    return plan_starts(route_, partitions, positions, false);
  }
  void begin_at(config::StartPosition::Kind kind) { route_.start.kind = kind; }

  config::ConsumeRoute route_;
};

TEST_F(StartPlanTest, ACheckpointIsGoneOnFromWithItsNote) {
  CommitNote note{8, {{160, 170}}, {{155, 2}}, {}};
  const StartPlan plan = this->plan({committed(155, note)});
  EXPECT_EQ(plan.starts[0].offset, 155);
  EXPECT_EQ(plan.starts[0].note, note);
  EXPECT_TRUE(plan.starts[0].committed);
  EXPECT_THAT(plan.notices, IsEmpty());
}

TEST_F(StartPlanTest, FetchingBeginsSomeRecordsEarlierToKnowResends) {
  EXPECT_EQ(plan({committed(155)}).fetch_from[0].offset, 145);
  EXPECT_EQ(plan({committed(105)}).fetch_from[0].offset, 100) << "not before what retention has left";
  route_.skip_resends = false;
  EXPECT_EQ(plan({committed(155)}).fetch_from[0].offset, 155);
}

TEST_F(StartPlanTest, TheFirstStartIsAsTheRouteSays) {
  EXPECT_EQ(start(fresh()).offset, 100);
  begin_at(config::StartPosition::Kind::kLatest);
  EXPECT_EQ(start(fresh()).offset, 200);
  begin_at(config::StartPosition::Kind::kTimestamp);
  EXPECT_EQ(start(fresh()).offset, 150);
  EXPECT_FALSE(start(fresh()).committed) << "it gets a checkpoint at once";
  EXPECT_EQ(start(fresh()).note.partitions_at_start, 1);
}

TEST_F(StartPlanTest, PartitionsThatAppearLaterAreReadFromTheirFirstEvent) {
  begin_at(config::StartPosition::Kind::kLatest);
  const CommitNote two{2, {}, {}, {}};
  const StartPlan plan = this->plan({committed(150, two), fresh(), fresh()});
  EXPECT_EQ(plan.starts[1].offset, 200) << "was there when the group began";
  EXPECT_EQ(plan.starts[2].offset, 100) << "came later";
  for (const Start& start : plan.starts) EXPECT_EQ(start.note.partitions_at_start, 2);
}

TEST_F(StartPlanTest, WithForeignCheckpointsNothingIsSkipped) {
  begin_at(config::StartPosition::Kind::kLatest);
  PartitionPosition foreign = committed(150);
  foreign.metadata = "somebody else's";
  const StartPlan plan = this->plan({foreign, fresh()});
  EXPECT_EQ(plan.starts[0].offset, 150);
  EXPECT_EQ(plan.starts[1].offset, 100);
  EXPECT_THAT(plan.notices, ElementsAre(HasSubstr("is not HubFerry's")));
}

TEST_F(StartPlanTest, ACheckpointThatRetentionHasOvertakenGoesOnAtTheOldestEventAndIsTold) {
  const StartPlan plan = this->plan({committed(60, {1, {{70, 80}}, {{65, 1}}, {}})});
  EXPECT_EQ(plan.starts[0].offset, 100);
  EXPECT_EQ(plan.starts[0].note, (CommitNote{1, {}, {}, {}}));
  EXPECT_EQ(plan.expired, 40);
  EXPECT_THAT(plan.notices, ElementsAre(HasSubstr("removed 40 events")));
}

TEST_F(StartPlanTest, ACheckpointBehindTheEndIsDoubtedAtFirstAndThenBeginsAnew) {
  EXPECT_FALSE(plan_starts(route_, {0}, {committed(201)}, true).complete);
  const StartPlan plan = this->plan({committed(201)});
  EXPECT_TRUE(plan.complete);
  EXPECT_EQ(plan.starts[0].offset, 100);
  EXPECT_THAT(plan.notices, ElementsAre(HasSubstr("created anew")));
}

TEST_F(StartPlanTest, ALookUpThatDoesNotCoverAPartitionIsRepeated) {
  EXPECT_FALSE(plan_starts(route_, {0, 1}, {committed(150)}, false).complete);
  PartitionPosition unknown = fresh();
  unknown.end = -1;
  EXPECT_FALSE(plan_starts(route_, {0}, {unknown}, false).complete);
}

}  // namespace
}  // namespace hubferry::consume

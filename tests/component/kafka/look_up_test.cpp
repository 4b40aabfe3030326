#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mock_cluster.h"
#include "recorders.h"

namespace hubferry::kafka {
namespace {

using ::testing::HasSubstr;

class PositionsOnMock : public ::testing::Test {
 protected:
  PositionsOnMock() { cluster_.add_topic("orders", 2); }

  MockCluster cluster_;
};

TEST_F(PositionsOnMock, TellsCheckpointsWithTheirMetadataAndTheBoundsOfEachPartition) {
  ASSERT_TRUE(produce(cluster_.properties(), 1, 7));
  Member member(cluster_.properties());
  ASSERT_TRUE(member.join(2));
  const std::string metadata = "{\"v\":1,\"done\":[5,9],\"\xc3\xa4\":\"" + std::string(900, 'x') + "\"}";
  ASSERT_TRUE(member.commit({{1, 3, metadata}, {0, 0}}));
  ASSERT_TRUE(member.look_up());
  const std::vector<PartitionPosition>& seen = *member.looked_up;
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].committed, 0);
  EXPECT_EQ(seen[0].metadata, "");
  EXPECT_EQ(seen[0].end, 0);
  EXPECT_EQ(seen[1].committed, 3);
  EXPECT_EQ(seen[1].metadata, metadata);
  EXPECT_EQ(seen[1].low, 0);
  EXPECT_EQ(seen[1].end, 7);
  EXPECT_EQ(seen[1].at_timestamp, -1) << "no time was asked for";
  ASSERT_TRUE(member.commit({{1, 4}}));
  ASSERT_TRUE(member.look_up());
  EXPECT_EQ(member.looked_up->at(1).metadata, "") << "a commit without metadata removes it";
}

TEST_F(PositionsOnMock, TellsMinusOneWhereNothingWasCommitted) {
  Member member(cluster_.properties());
  ASSERT_TRUE(member.look_up()) << member.looked_up.error().message;
  EXPECT_EQ(member.looked_up->at(0).committed, -1);
  EXPECT_EQ(member.looked_up->at(0).low, 0);
}

TEST_F(PositionsOnMock, TakesTheEndWhereNothingIsAsYoungAsTheTimeAskedFor) {
  ASSERT_TRUE(produce(cluster_.properties(), 0, 5));
  Member member(cluster_.properties());
  // The mock never finds a record by its time.
  ASSERT_TRUE(member.look_up(1'700'000'000'000));
  EXPECT_EQ(member.looked_up->at(0).at_timestamp, 5);
  EXPECT_EQ(member.looked_up->at(1).at_timestamp, 0);
}

TEST_F(PositionsOnMock, AnswersOnceHoweverOftenItIsAskedMeanwhile) {
  Member member(cluster_.properties());
  member.hold = true;
  for (int i = 0; i < 5; ++i) member.consumer->look_up({});
  ASSERT_TRUE(until([&] { return member.look_ups > 0; }, [&] { member.poll(); }));
  member.brokers_up.clear();
  ASSERT_TRUE(until([&] { return member.brokers_up.size() > 3; }, [&] { member.poll(); }));
  EXPECT_EQ(member.look_ups, 1);
}

// The question may have been answered before the last commit of a partition's owner before.
TEST_F(PositionsOnMock, AnswersWhatIsAskedWhenPartitionsAreAssignedEvenIfAnEarlierQuestionIsUnderWay) {
  Member member(cluster_.properties());
  // Together longer than joining takes.
  cluster_.delay_next(kOffsetFetchRequest, Milliseconds(3'500));
  for (int i = 0; i < 2; ++i) cluster_.delay_next(kListOffsetsRequest, Milliseconds(3'500));
  member.consumer->look_up({.timestamp_ms = 1'700'000'000'000});
  ASSERT_TRUE(member.join(2));
  EXPECT_EQ(member.looked_up->at(0).at_timestamp, -1) << "of the question before";
}

TEST_F(PositionsOnMock, TellsATopicThatDoesNotExist) {
  cluster_.fail_topic("misspelt", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  Member member(cluster_.properties(), "misspelt");
  EXPECT_FALSE(member.look_up());
  EXPECT_EQ(member.looked_up.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(member.looked_up.error().disposition, Disposition::kRetry);
  EXPECT_THAT(member.looked_up.error().message, HasSubstr("misspelt"));
}

TEST_F(PositionsOnMock, TellsARefusal) {
  Member member(cluster_.properties());
  ASSERT_TRUE(member.join(2));
  cluster_.fail_next(kOffsetFetchRequest, {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED});
  EXPECT_FALSE(member.look_up());
  EXPECT_THAT(member.looked_up.error().message, HasSubstr("credentials"));
}

TEST_F(PositionsOnMock, AnswersWhileTheBrokerIsAway) {
  Member member(cluster_.properties());
  ASSERT_TRUE(member.join(2));
  cluster_.broker_down();
  const Instant start = SteadyClock::now();
  EXPECT_FALSE(member.look_up());
  EXPECT_EQ(member.looked_up.error().disposition, Disposition::kRetry);
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(15));
  cluster_.broker_up();
  EXPECT_TRUE(until([&] { return member.look_up(); }, [] {}));
}

TEST_F(PositionsOnMock, DoesNotHoldUpTheEndOfItsConsumer) {
  for (const bool answered_late : {true, false}) {
    SCOPED_TRACE(answered_late);
    auto member = std::make_unique<Member>(cluster_.properties(), "orders", answered_late ? "late" : "never");
    ASSERT_TRUE(member->join(2));
    if (answered_late) cluster_.delay_next(kOffsetFetchRequest, Milliseconds(3000));
    if (!answered_late) cluster_.broker_down();
    member->consumer->look_up({});
    member->poll();
    const Instant start = SteadyClock::now();
    member.reset();
    EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(12));
  }
}

TEST_F(PositionsOnMock, ReadsFromWhereItsOwnerSays) {
  ASSERT_TRUE(produce(cluster_.properties(), 0, 10));
  Member member(cluster_.properties());
  member.hold = true;
  ASSERT_TRUE(until([&] { return !member.held_assign.empty(); }, [&] { member.poll(); }));
  EXPECT_FALSE(member.consumer->complete_assign({{0, 6}})) << "a partition is missing";
  EXPECT_FALSE(member.consumer->complete_assign({{0, 6}, {1, 0}, {2, 0}})) << "one too many";
  EXPECT_FALSE(member.consumer->complete_assign({{0, 6}, {1, -1}})) << "no offset";
  ASSERT_TRUE(member.consumer->complete_assign({{1, 0}, {0, 6}}));
  member.assigned = {0, 1};
  ASSERT_TRUE(member.read(4));
  EXPECT_EQ(member.records[0].offset, 6);
}

TEST_F(PositionsOnMock, TellsAStartOutsideThePartitionAsAFatalError) {
  ASSERT_TRUE(produce(cluster_.properties(), 0, 10));
  Member member(cluster_.properties());
  member.hold = true;
  ASSERT_TRUE(until([&] { return !member.held_assign.empty(); }, [&] { member.poll(); }));
  ASSERT_TRUE(member.consumer->complete_assign({{0, 4711}, {1, 0}}));
  member.assigned = {0, 1};
  ASSERT_TRUE(until([&] { return !member.errors.empty(); },
                    [&] {
                      member.poll();
                      member.fetch_all();
                    }));
  EXPECT_EQ(member.errors[0].disposition, Disposition::kFatal);
  EXPECT_EQ(member.errors[0].code, ErrorCode::kNotFound);
  EXPECT_THAT(member.errors[0].message, HasSubstr("partition 0"));
  EXPECT_THAT(member.errors[0].message, HasSubstr("4711"));
  EXPECT_TRUE(member.records.empty()) << "it must not jump by itself";
}

TEST_F(PositionsOnMock, SaysWhatToDoWhenAnotherMemberHasItsInstanceId) {
  Member member(cluster_.properties(), Consumer::Options{"g", "orders", "pod-1"});
  ASSERT_TRUE(member.join(2));
  cluster_.fail_next(kHeartbeatRequest, {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID});
  ASSERT_TRUE(until([&] { return !member.errors.empty(); }, [&] { member.poll(); }));
  EXPECT_EQ(member.errors[0].disposition, Disposition::kFatal);
  EXPECT_EQ(member.errors[0].code, ErrorCode::kConflict);
  EXPECT_THAT(member.errors[0].message, HasSubstr("group.instance.id"));
  EXPECT_THAT(member.errors[0].message, HasSubstr("stop the other"));
}

}  // namespace
}  // namespace hubferry::kafka

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "mock_cluster.h"
#include "recorders.h"

namespace hubferry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DirectOnMock : public ::testing::Test {
 protected:
  DirectOnMock() { cluster_.add_topic("orders", 4); }

  Properties properties() const {
    Properties properties = cluster_.properties();
    properties["topic.metadata.refresh.interval.ms"] = "300";
    return properties;
  }
  static Consumer::Options some(std::vector<std::int32_t> partitions) {
    return {"direct", "orders", {}, std::move(partitions), false};
  }
  static Consumer::Options all() { return {"direct", "orders", {}, {}, true}; }

  MockCluster cluster_;
};

TEST_F(DirectOnMock, ReadsItsPartitionsAndGoesOnFromItsCheckpoint) {
  ASSERT_TRUE(produce(properties(), 0, 10));
  ASSERT_TRUE(produce(properties(), 1, 10));
  ASSERT_TRUE(produce(properties(), 2, 10));
  {
    Member first(properties(), some({0, 2}));
    ASSERT_TRUE(first.join(2));
    EXPECT_THAT(first.assigned, ElementsAre(0, 2));
    ASSERT_TRUE(first.read(20));
    for (const event::Record& record : first.records) EXPECT_NE(record.partition, 1);
    ASSERT_TRUE(first.commit({{0, 4, "attempts"}, {2, 8}})) << first.committed.at(1).error().message;
    EXPECT_TRUE(first.leave());
    EXPECT_EQ(first.revokes, 1);
    EXPECT_FALSE(first.lost);
    EXPECT_TRUE(first.assigned.empty());
    EXPECT_EQ(first.consumer->fetch(0, 100, first.records), 0U);
    EXPECT_TRUE(first.errors.empty());
  }
  Member second(properties(), some({0, 2}));
  ASSERT_TRUE(second.join(2));
  EXPECT_EQ(second.looked_up->at(0).metadata, "attempts");
  ASSERT_TRUE(second.read(8));
  for (const event::Record& record : second.records) EXPECT_GE(record.offset, record.partition == 0 ? 4 : 8);
}

TEST_F(DirectOnMock, TakesAllPartitionsOfTheTopic) {
  Member member(properties(), all());
  ASSERT_TRUE(member.join(4));
  EXPECT_THAT(member.assigned, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(member.assigns, 1);
}

TEST_F(DirectOnMock, FetchesNothingUntilTheAssignmentIsCompletedAndTellsItOnce) {
  ASSERT_TRUE(produce(properties(), 0, 10));
  Member member(properties(), some({0}));
  member.hold = true;
  ASSERT_TRUE(until([&] { return !member.held_assign.empty(); }, [&] { member.poll(); }));
  member.brokers_up.clear();
  ASSERT_TRUE(until([&] { return member.brokers_up.size() > 5; }, [&] { member.poll(); }));
  EXPECT_EQ(member.assigns, 1) << "surveys went on meanwhile";
  EXPECT_EQ(member.consumer->fetch(0, 100, member.records), 0U);
  EXPECT_FALSE(member.consumer->complete_revoke());
  EXPECT_FALSE(member.consumer->complete_assign({{0, 0}, {1, 0}}));
  ASSERT_TRUE(member.finish_assign());
  EXPECT_FALSE(member.consumer->complete_assign({{0, 0}}));
  EXPECT_TRUE(member.read(10));
}

TEST_F(DirectOnMock, TellsAPartitionThatDoesNotExistAgainAndAgainAndReadsTheOthers) {
  Member member(properties(), some({1, 7}));
  ASSERT_TRUE(until([&] { return member.errors.size() >= 3; }, [&] { member.poll(); }));
  EXPECT_THAT(member.assigned, ElementsAre(1));
  for (const Error& error : member.errors) {
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.disposition, Disposition::kRetry);
    EXPECT_THAT(error.message, HasSubstr("partition 7"));
  }
}

TEST_F(DirectOnMock, NoticesCommitsOfAnotherConsumerOfItsPartitions) {
  Member first(properties(), some({0}));
  Member second(properties(), some({0}));
  ASSERT_TRUE(first.join(1));
  ASSERT_TRUE(second.join(1));
  ASSERT_TRUE(first.commit({{0, 5}}));
  first.brokers_up.clear();
  ASSERT_TRUE(until([&] { return first.brokers_up.size() > 5; }, [&] { first.poll(); }));
  EXPECT_TRUE(first.errors.empty()) << "its own commits are none of another";
  ASSERT_TRUE(second.commit({{0, 3}}));
  ASSERT_TRUE(until([&] { return !first.errors.empty(); }, [&] { first.poll(); }));
  EXPECT_EQ(first.errors[0].code, ErrorCode::kConflict);
  EXPECT_EQ(first.errors[0].disposition, Disposition::kRetry);
  EXPECT_THAT(first.errors[0].message, HasSubstr("checkpoint is 3"));
  first.brokers_up.clear();
  ASSERT_TRUE(until([&] { return first.brokers_up.size() > 5; }, [&] { first.poll(); }));
  EXPECT_EQ(first.errors.size(), 1U) << "told at most once a minute";
}

TEST_F(DirectOnMock, SuspectsNobodyWhileItsOwnCommitsGoOn) {
  Member member(properties(), some({0}));
  ASSERT_TRUE(member.join(1));
  member.brokers_up.clear();
  std::int64_t offset = 0;
  while (member.brokers_up.size() < 15) ASSERT_TRUE(member.commit({{0, ++offset}}));
  EXPECT_TRUE(member.errors.empty()) << member.errors[0].message;
}

TEST_F(DirectOnMock, StartsWhenTheBrokerComes) {
  cluster_.broker_down();
  Member member(properties(), some({0}));
  ASSERT_TRUE(until([&] { return !member.errors.empty(); }, [&] { member.poll(); }));
  EXPECT_EQ(member.errors[0].disposition, Disposition::kRetry);
  cluster_.broker_up();
  EXPECT_TRUE(member.join(1));
}

TEST_F(DirectOnMock, TellsAnUnknownTopic) {
  cluster_.fail_topic("misspelt", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  Member member(properties(), Consumer::Options{"direct", "misspelt", {}, {}, true});
  ASSERT_TRUE(until([&] { return !member.errors.empty(); }, [&] { member.poll(); }));
  EXPECT_EQ(member.errors[0].code, ErrorCode::kNotFound);
  EXPECT_THAT(member.errors[0].message, HasSubstr("misspelt"));
}

TEST_F(DirectOnMock, RefusesOptionsThatContradict) {
  EXPECT_FALSE(Consumer::create(properties(), {"g", "orders", "pod-1", {0}, false})) << "no member, no instance";
  EXPECT_FALSE(Consumer::create(properties(), {"g", "orders", {}, {0}, true})) << "all and some";
  EXPECT_FALSE(Consumer::create(properties(), {"g", "orders", {}, {0, -1}, false})) << "no such number";
  EXPECT_FALSE(Consumer::create(properties(), {"", "orders", {}, {0}, false})) << "nowhere to commit";
}

TEST_F(DirectOnMock, ClosesBeforeItHasPartitions) {
  Member member(properties(), all());
  EXPECT_TRUE(member.leave());
  EXPECT_EQ(member.assigns, 0);
}

TEST_F(DirectOnMock, ClosesWhileAnAssignmentWaitsForItsOwner) {
  Member member(properties(), all());
  member.hold = true;
  ASSERT_TRUE(until([&] { return !member.held_assign.empty(); }, [&] { member.poll(); }));
  member.consumer->close();
  member.poll();
  EXPECT_FALSE(member.consumer->closed());
  member.hold = false;
  ASSERT_TRUE(member.finish_assign());
  EXPECT_TRUE(until([&] { return member.consumer->closed(); }, [&] { member.poll(); }));
  EXPECT_EQ(member.revokes, 1);
}

TEST_F(DirectOnMock, CommitsBetweenRevocationAndItsCompletion) {
  Member member(properties(), some({3}));
  ASSERT_TRUE(member.join(1));
  member.hold = true;
  member.consumer->close();
  ASSERT_TRUE(until([&] { return !member.held_revoke.empty(); }, [&] { member.poll(); }));
  EXPECT_TRUE(member.commit({{3, 2}}));
  EXPECT_FALSE(member.consumer->closed());
  ASSERT_TRUE(member.finish_revoke());
  EXPECT_TRUE(member.consumer->closed());
  EXPECT_FALSE(member.commit({{3, 3}}, 2)) << "it has no partition any more";
}

TEST_F(DirectOnMock, IsDestroyedWithoutClosingInAnyState) {
  ASSERT_TRUE(produce(properties(), 0, 5000));
  enum class State { kAsking, kAssigning, kReading, kRevoking, kBrokerAway };
  for (const State state : {State::kAsking, State::kAssigning, State::kReading, State::kRevoking, State::kBrokerAway}) {
    SCOPED_TRACE(static_cast<int>(state));
    auto member = std::make_unique<Member>(properties(), all());
    member->hold = state == State::kAssigning;
    if (state == State::kAsking) member->poll();
    if (state == State::kAssigning) {
      ASSERT_TRUE(until([&] { return !member->held_assign.empty(); }, [&] { member->poll(); }));
    } else if (state != State::kAsking) {
      ASSERT_TRUE(member->join(4));
      ASSERT_TRUE(until([&] { return member->consumer->fetch(0, 1, member->records) == 1; }, [&] { member->poll(); }));
    }
    if (state == State::kRevoking) {
      member->hold = true;
      member->consumer->close();
      ASSERT_TRUE(until([&] { return !member->held_revoke.empty(); }, [&] { member->poll(); }));
    }
    if (state == State::kBrokerAway) cluster_.broker_down();
    member->records.clear();
    const Instant start = SteadyClock::now();
    member.reset();
    EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(12));
  }
}

}  // namespace
}  // namespace hubferry::kafka

#include "kafka/admin.h"

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

// The mock cluster knows topics and checkpoints, but no request of the administration: those are refused.
class AdminOnMock : public ::testing::Test {
 protected:
  AdminOnMock() {
    cluster_.add_topic("orders", 3);
    auto created = Admin::create(cluster_.properties());
    if (created) admin_ = std::move(*created);
  }

  MockCluster cluster_;
  std::unique_ptr<Admin> admin_;
};

TEST_F(AdminOnMock, DescribesATopic) {
  const auto partitions = admin_->describe_topic("orders", kPatience);
  ASSERT_TRUE(partitions) << partitions.error().message;
  ASSERT_EQ(partitions->size(), 3U);
  EXPECT_EQ(partitions->at(2).leader, 1);
  EXPECT_THAT(partitions->at(2).replicas, ElementsAre(1));
  EXPECT_THAT(partitions->at(2).in_sync, ElementsAre(1));
}

TEST_F(AdminOnMock, SaysThatATopicDoesNotExist) {
  cluster_.fail_topic("misspelt", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto partitions = admin_->describe_topic("misspelt", kPatience);
  ASSERT_FALSE(partitions);
  EXPECT_EQ(partitions.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(partitions.error().message, HasSubstr("misspelt"));
  EXPECT_THAT(partitions.error().message, HasSubstr("create the topic"));
  EXPECT_EQ(admin_->positions("g", "misspelt", std::nullopt, kPatience).error().code, ErrorCode::kNotFound);
}

TEST_F(AdminOnMock, SetsCheckpointsWithMetadataAndReadsThemBack) {
  ASSERT_TRUE(produce(cluster_.properties(), 1, 9));
  const Status set = admin_->set_committed("g", "orders", {{1, 4, "kept"}, {2, 0}}, kPatience);
  ASSERT_TRUE(set) << set.error().message;
  const auto positions = admin_->positions("g", "orders", 1'700'000'000'000, kPatience);
  ASSERT_TRUE(positions) << positions.error().message;
  ASSERT_EQ(positions->size(), 3U);
  EXPECT_EQ(positions->at(0).committed, -1);
  EXPECT_EQ(positions->at(1).committed, 4);
  EXPECT_EQ(positions->at(1).metadata, "kept");
  EXPECT_EQ(positions->at(1).end, 9);
  EXPECT_EQ(positions->at(1).at_timestamp, 9);
  EXPECT_EQ(positions->at(2).committed, 0);
}

TEST_F(AdminOnMock, SetsNoCheckpointOfAGroupWithMembers) {
  Member member(cluster_.properties());
  ASSERT_TRUE(member.join(3));
  const Status set = admin_->set_committed("g", "orders", {{1, 4}}, kPatience);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kConflict);
  EXPECT_THAT(set.error().message, HasSubstr("stop them first"));
}

TEST_F(AdminOnMock, SaysThatAGroupCannotBeDescribed) {
  const auto group = admin_->describe_group("g", "orders", kPatience);
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(group.error().disposition, Disposition::kReject);
  EXPECT_THAT(group.error().message, HasSubstr("describing group g"));
}

// The mock cluster has no controller.
TEST_F(AdminOnMock, GivesUpChangesThatNobodyAnswers) {
  const Status created = admin_->create_topic({"new", 4, 1, {{"retention.ms", "1000"}}}, Milliseconds(300));
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(created.error().message, HasSubstr("creating topic new"));
  EXPECT_EQ(admin_->add_partitions("orders", 8, Milliseconds(300)).error().code, ErrorCode::kTimeout);
  EXPECT_EQ(admin_->topic_config("orders", Milliseconds(300)).error().code, ErrorCode::kTimeout);
}

TEST_F(AdminOnMock, RefusesNumbersThatMakeNoSense) {
  EXPECT_EQ(admin_->create_topic({"new", 0, 1, {}}, kPatience).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(admin_->add_partitions("orders", 0, kPatience).error().code, ErrorCode::kInvalid);
}

TEST_F(AdminOnMock, GivesUpAfterItsTimeAndSaysWhatItMet) {
  cluster_.broker_down();
  const Instant start = SteadyClock::now();
  const auto partitions = admin_->describe_topic("orders", Milliseconds(1500));
  ASSERT_FALSE(partitions);
  EXPECT_EQ(partitions.error().disposition, Disposition::kRetry);
  const Status set = admin_->set_committed("g", "orders", {{0, 1}}, Milliseconds(1500));
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("Connect to"));
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(12));
}

TEST_F(AdminOnMock, NamesThePropertyThatIsWrong) {
  const auto created = Admin::create({{"bootstrap.servers", "localhost:1"}, {"fetch.wait.max.mz", "5"}});
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message, HasSubstr("fetch.wait.max.mz"));
}

}  // namespace
}  // namespace hubferry::kafka

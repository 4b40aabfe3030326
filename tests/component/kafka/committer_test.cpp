#include "kafka/committer.h"

#include <gtest/gtest.h>

#include "kafka/consumer_client.h"
#include "mock_cluster.h"
#include "recorders.h"

namespace hubferry::kafka {
namespace {

class CommitterTest : public ::testing::Test {
 protected:
  CommitterTest() {
    cluster_.add_topic("orders", 1);
    client_ = *make_consumer_client(cluster_.properties(), {"g", "orders"}, "test");
    queues_.emplace(handle(), client_->bell, "orders", "test");
    queues_->attach(0);
    committer_.emplace(handle(), client_->bell, client_->joins, *queues_, "orders", "test");
  }
  ~CommitterTest() override {
    committer_.reset();
    queues_.reset();
    end_client(client_, "test");
  }
  rd_kafka_t* handle() { return client_->consumer->c_ptr(); }

  MockCluster cluster_;
  std::shared_ptr<ConsumerClient> client_;
  std::optional<PartitionQueues> queues_;
  std::optional<Committer> committer_;
};

// Else the polling thread would sleep until something else wakes it.
TEST_F(CommitterTest, IsDueWhenACommitThatIsHeldBackMayBeSent) {
  client_->joins.completed();
  committer_->commit({{0, 1}}, 1);
  ASSERT_TRUE(committer_->next_due());
  EXPECT_EQ(committer_->next_due(), client_->joins.opens_at());
}

TEST_F(CommitterTest, WaitsForTheBellWhileTheMemberJoins) {
  client_->joins.state_changed("Group \"g\" changed join state steady -> init (state up)");
  const Instant start = SteadyClock::now();
  committer_->commit({{0, 1}}, 1);
  ASSERT_TRUE(committer_->next_due());
  EXPECT_GT(*committer_->next_due(), start + std::chrono::seconds(5)) << "the commit's own deadline";
}

TEST_F(CommitterTest, AnswersAtOnceForAPartitionThatIsNotAssigned) {
  client_->joins.state_changed("Group \"g\" changed join state steady -> init (state up)");
  committer_->commit({{0, 1}, {1, 1}}, 1);
  EXPECT_TRUE(committer_->has_answers()) << "a member that has left never joins again";
}

}  // namespace
}  // namespace hubferry::kafka

#include "kafka/retention.h"

#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

TEST(Retention, IsWhatATopicThatDeletesSays) {
  EXPECT_EQ(retention_of({{"cleanup.policy", "delete"}, {"retention.ms", "86400000"}}), Milliseconds(86'400'000));
  EXPECT_EQ(retention_of({{"cleanup.policy", "compact,delete"}, {"retention.ms", "5000"}}), Milliseconds(5'000));
  EXPECT_EQ(retention_of({{"retention.ms", "5000"}}), Milliseconds(5'000)) << "the policy's default";
}

TEST(Retention, IsUnknownWhereRecordsStayOrNothingIsSaid) {
  EXPECT_FALSE(retention_of({{"cleanup.policy", "compact"}, {"retention.ms", "5000"}}));
  EXPECT_FALSE(retention_of({{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}));
  EXPECT_FALSE(retention_of({{"cleanup.policy", "delete"}, {"retention.ms", "soon"}}));
  EXPECT_FALSE(retention_of({{"cleanup.policy", "delete"}}));
}

}  // namespace
}  // namespace hubferry::kafka

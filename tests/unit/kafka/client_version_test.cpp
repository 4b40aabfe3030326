#include "kafka/client_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/version_table.h"

namespace hubferry::kafka {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kVersion202 = 0x020002ff;
constexpr int kVersion260 = 0x020600ff;
constexpr int kVersion280 = 0x020800ff;
constexpr int kVersion2150 = 0x020f00ff;

TEST(ClientVersion, NamesTheDefectsOfDebian12) {
  const auto defects = defects_of_version(kVersion202);
  EXPECT_THAT(defects, Contains(HasSubstr("false fatal error")));
  EXPECT_THAT(defects, Contains(HasSubstr("topic.metadata.refresh.interval.ms")));
  EXPECT_THAT(defects, Contains(HasSubstr("cooperative-sticky can loop")));
  EXPECT_THAT(defects, Contains(HasSubstr("commit during a cooperative rebalance")));
  EXPECT_THAT(defects, Not(Contains(HasSubstr("Event Hubs"))));
}

TEST(ClientVersion, WarnsOfTheOneThatCannotConsumeFromEventHubs) {
  EXPECT_THAT(defects_of_version(kVersion260), Contains(HasSubstr("cannot consume from Event Hubs")));
  EXPECT_THAT(defects_of_version(kVersion280), Not(Contains(HasSubstr("cannot consume from Event Hubs"))));
}

TEST(ClientVersion, ForgetsWhatWasRepaired) {
  EXPECT_THAT(defects_of_version(kVersion280), Not(Contains(HasSubstr("loop for ever"))));
  EXPECT_THAT(defects_of_version(kVersion280), Contains(HasSubstr("commit during a cooperative rebalance")));
  EXPECT_THAT(defects_of_version(kVersion2150), IsEmpty());
}

TEST(ClientVersion, SaysItsVersion) {
  EXPECT_THAT(client_version(), ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
}

}  // namespace
}  // namespace hubferry::kafka

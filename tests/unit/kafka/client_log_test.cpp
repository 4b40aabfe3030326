#include "kafka/client_log.h"

#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

constexpr int kError = 3;  // severities of syslog
constexpr int kWarning = 4;
constexpr int kInfo = 6;
constexpr int kDebug = 7;

TEST(ClientLog, KeepsTheChatterAboutConnectionsForDebugging) {
  EXPECT_EQ(log_level(kError, "FAIL", "127.0.0.1:9092/1: Connect to ipv4#127.0.0.1:9092 failed"), spdlog::level::debug);
  EXPECT_EQ(log_level(kError, "ERROR", "2/2 brokers are down"), spdlog::level::debug);
  EXPECT_EQ(log_level(kWarning, "REQTMOUT", "Timed out ProduceRequest in flight"), spdlog::level::debug);
}

TEST(ClientLog, KeepsTheExpectedRemarksAboutPropertiesForDebugging) {
  EXPECT_EQ(
      log_level(kWarning, "CONFWARN", "Configuration property group.id is a consumer property and will be ignored"),
      spdlog::level::debug);
  EXPECT_EQ(log_level(kWarning, "CONFWARN", "Configuration property enable.gapless.guarantee is experimental: ..."),
            spdlog::level::debug);
  EXPECT_EQ(log_level(kWarning, "CONFWARN", "Configuration property ssl.foo is deprecated"), spdlog::level::warn);
}

TEST(ClientLog, WritesEverythingElseAtItsLevel) {
  EXPECT_EQ(log_level(kError, "SSL", "certificate verify failed"), spdlog::level::err);
  EXPECT_EQ(log_level(kWarning, "MAXPOLL", "Application maximum poll interval exceeded"), spdlog::level::warn);
  EXPECT_EQ(log_level(kInfo, "PARTCNT", "Topic orders partition count changed"), spdlog::level::info);
  EXPECT_EQ(log_level(kDebug, "CGRPOP", "..."), spdlog::level::debug);
}

TEST(LineLimit, LetsTheFirstLinesOfAKindThroughInEachMinute) {
  LineLimit limit;
  const Instant start{};
  for (int i = 0; i < LineLimit::kLinesPerMinute; ++i)
    EXPECT_TRUE(limit.admit("AUTH", start + std::chrono::seconds(i)));
  EXPECT_FALSE(limit.admit("AUTH", start + std::chrono::seconds(59)));
  EXPECT_TRUE(limit.admit("SSL", start + std::chrono::seconds(59))) << "another kind";
  EXPECT_TRUE(limit.admit("AUTH", start + std::chrono::seconds(60)));
}

}  // namespace
}  // namespace hubferry::kafka

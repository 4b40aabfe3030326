#include "kafka/client_log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

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

// A log line as librdkafka hands it out.
class Line : public RdKafka::Event {
 public:
  Line(int severity, std::string facility, std::string text)
      : severity_(static_cast<Severity>(severity)), facility_(std::move(facility)), text_(std::move(text)) {}

  Type type() const override { return EVENT_LOG; }
  RdKafka::ErrorCode err() const override { return RdKafka::ERR_NO_ERROR; }
  Severity severity() const override { return severity_; }
  std::string fac() const override { return facility_; }
  std::string str() const override { return text_; }
  int throttle_time() const override { return 0; }
  std::string broker_name() const override { return {}; }
  int broker_id() const override { return -1; }
  bool fatal() const override { return false; }

 private:
  Severity severity_;
  std::string facility_;
  std::string text_;
};

class TappedLog : public ::testing::Test {
 protected:
  TappedLog() {
    auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(written_));
    logger->set_level(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
  }
  ~TappedLog() override { spdlog::set_default_logger(before_); }

  void tap(bool written) {
    log_.tap_debug("CGRPJOINSTATE", [this](std::string_view line) { told_.emplace_back(line); }, written);
    for (Line line : {Line(kDebug, "CGRPJOINSTATE", "steady -> init"), Line(kDebug, "COMMIT", "committing"),
                      Line(kInfo, "CGRPJOINSTATE", "no debug line")}) {
      log_.event_cb(line);
    }
  }

  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream written_;
  std::vector<std::string> told_;
  ClientLog log_{"test"};
};

TEST_F(TappedLog, TellsTheDebugLinesOfItsFacilityAndWritesNone) {
  tap(false);
  EXPECT_EQ(told_, std::vector<std::string>{"steady -> init"});
  EXPECT_EQ(written_.str().find("steady"), std::string::npos) << written_.str();
  EXPECT_EQ(written_.str().find("committing"), std::string::npos) << written_.str();
  EXPECT_NE(written_.str().find("no debug line"), std::string::npos) << written_.str();
}

TEST_F(TappedLog, WritesThemTooWhenTheUserAsksForDebugLines) {
  tap(true);
  EXPECT_EQ(told_, std::vector<std::string>{"steady -> init"});
  EXPECT_NE(written_.str().find("steady"), std::string::npos);
  EXPECT_NE(written_.str().find("committing"), std::string::npos);
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

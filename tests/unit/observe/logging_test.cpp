#include "observe/logging.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <boost/json.hpp>
#include <sstream>

#include "observe/log_formatter.h"

namespace hubferry::observe {
namespace {

std::string logged(bool json, spdlog::level::level_enum level, std::string_view message) {
  std::ostringstream out;
  spdlog::logger logger("test", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
  logger.set_formatter(std::make_unique<LogFormatter>(json));
  logger.set_level(spdlog::level::trace);
  logger.log(level, message);
  return out.str();
}

std::string formatted(bool json, std::chrono::milliseconds since_epoch) {
  const spdlog::log_clock::time_point time{since_epoch};
  const spdlog::details::log_msg entry(time, spdlog::source_loc{}, "test", spdlog::level::info, "m");
  spdlog::memory_buf_t out;
  LogFormatter(json).format(entry, out);
  return {out.data(), out.size()};
}

TEST(LogFormatter, WritesUtcWithMilliseconds) {
  EXPECT_EQ(formatted(false, std::chrono::milliseconds(1'714'565'045'007)), "2024-05-01T12:04:05.007Z info m\n");
  EXPECT_EQ(formatted(true, std::chrono::milliseconds(1'714'565'045'007)),
            "{\"time\":\"2024-05-01T12:04:05.007Z\",\"level\":\"info\",\"message\":\"m\"}\n");
}

TEST(LogFormatter, WritesOneLineForAMessageWithLineBreaks) {
  const std::string line = logged(false, spdlog::level::warn, "one\ntwo\r\x1b[31m");
  EXPECT_EQ(line.substr(line.find(' ')), " warn one\\ntwo\\x0d\\x1b[31m\n");
}

TEST(LogFormatter, WritesValidJsonForAnyBytes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const std::string line = logged(true, spdlog::level::err, all);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto entry = boost::json::parse(line).as_object();
  EXPECT_EQ(entry.at("level").as_string(), "error");
  EXPECT_EQ(std::string_view(entry.at("message").as_string()).substr(0, 128), std::string_view(all).substr(0, 128));
}

TEST(StartLogging, RefusesAnUnknownLevel) {
  const auto status = start_logging("loud", false);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("'loud'"), std::string::npos);
  EXPECT_NE(status.error().message.find("trace, debug, info, warn or error"), std::string::npos);
}

TEST(StartLogging, WritesToStandardErrorFromTheLevelOn) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(start_logging("warn", true));
  spdlog::info("quiet");
  spdlog::warn("loud");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find("\"level\":\"warn\",\"message\":\"loud\"}\n"), std::string::npos);
}

}  // namespace
}  // namespace hubferry::observe

#include "deliver/command_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace hubferry::deliver {
namespace {

using ::testing::HasSubstr;

Outcome outcome_of(std::string_view line) {
  CommandAnswerParser parser;
  const auto answer = parser.parse(line);
  EXPECT_TRUE(answer) << line << ": " << answer.error().message;
  return answer ? answer->outcome : Outcome{};
}

TEST(CommandAnswer, TellsDoneFailedRejectedAndUnavailable) {
  EXPECT_EQ(outcome_of(R"({"ok":true})").verdict, Verdict::kDone);
  EXPECT_EQ(outcome_of(R"({"ok":true,"reason":7,"retry":false})").verdict, Verdict::kDone);
  EXPECT_EQ(outcome_of(R"({"ok":false})").verdict, Verdict::kFailed);
  EXPECT_EQ(outcome_of(R"({"ok":false,"retry":true,"reason":null})").verdict, Verdict::kFailed);
  EXPECT_EQ(outcome_of(R"({"ok":false,"retry":false})").verdict, Verdict::kRejected);
  EXPECT_EQ(outcome_of(R"({"ok":false,"unavailable":true})").verdict, Verdict::kUnavailable);
}

TEST(CommandAnswer, CarriesReasonWishAndId) {
  CommandAnswerParser parser;
  const auto answer =
      parser.parse(R"({"id":12,"ok":false,"reason":"no \u00fcber","unavailable":true,"retry_after":1.5})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->id, 12U);
  EXPECT_EQ(answer->outcome.reason, "no über");
  EXPECT_EQ(answer->outcome.retry_after, Milliseconds(1500));
  EXPECT_FALSE(parser.parse(R"({"ok":true})")->id);
}

TEST(CommandAnswer, BoundsWhatItCarries) {
  const Outcome outcome =
      outcome_of(R"({"ok":false,"retry_after":1e300,"reason":")" + std::string(50'000, 'x') + R"("})");
  EXPECT_EQ(outcome.retry_after, std::chrono::hours(1));
  EXPECT_EQ(outcome.reason.size(), 400U);
  EXPECT_EQ(outcome_of(R"({"ok":false,"retry_after":-5})").retry_after, Milliseconds(0));
}

TEST(CommandAnswer, SaysWhatIsWrongWithALine) {
  CommandAnswerParser parser;
  for (const auto& [line, reason] : {std::pair{"", "not JSON"},
                                     {"working...", "not JSON"},
                                     {R"({"ok":true} {"ok":true})", "not JSON"},
                                     {R"(["ok"])", "no JSON object"},
                                     {R"("ok")", "no JSON object"},
                                     {"{}", "\"ok\""},
                                     {R"({"ok":"true"})", "\"ok\""},
                                     {R"({"ok":null})", "\"ok\""},
                                     {R"({"ok":true,"id":"1"})", "\"id\""},
                                     {R"({"ok":true,"id":-1})", "\"id\""},
                                     {R"({"ok":false,"retry":"no"})", "\"retry\""},
                                     {R"({"ok":false,"unavailable":1})", "\"unavailable\""},
                                     {R"({"ok":false,"retry_after":"1s"})", "\"retry_after\""},
                                     {R"({"ok":false,"reason":{}})", "\"reason\""}}) {
    const auto answer = parser.parse(line);
    ASSERT_FALSE(answer) << line;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(answer.error().message, HasSubstr(reason)) << line;
  }
}

}  // namespace
}  // namespace hubferry::deliver

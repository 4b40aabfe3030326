#include "deliver/http_answer.h"

#include <gmock/gmock.h>

#include <string>

namespace hubferry::deliver {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 784'111'770'000;  // Sun, 06 Nov 1994 08:49:30 GMT

http::ClientResponse response_of(int status, std::string body = {}, std::string retry_after = {}) {
  http::ClientResponse response;
  response.status = status;
  response.body = std::move(body);
  response.retry_after = std::move(retry_after);
  return response;
}

Verdict verdict(int status, bool batch = false) {
  return judge(response_of(status), batch, kNow).verdict;
}

TEST(Judge, TellsDoneFromFailedFromRejectedFromUnavailable) {
  for (const int status : {200, 202, 204, 299}) EXPECT_EQ(verdict(status), Verdict::kDone) << status;
  for (const int status : {300, 302, 408, 425, 500, 504, 599, 600}) {
    EXPECT_EQ(verdict(status), Verdict::kFailed) << status;
  }
  for (const int status : {400, 402, 409, 410, 413, 415, 422, 431, 499}) {
    EXPECT_EQ(verdict(status), Verdict::kRejected) << status;
  }
  for (const int status : {429, 503}) EXPECT_EQ(verdict(status), Verdict::kUnavailable) << status;
}

TEST(Judge, TakesAnErrorByWhetherTheHandlerTried) {
  const auto of = [](ErrorCode code) { return judge(fail(code, "why"), false, kNow); };
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kClosed}) {
    EXPECT_EQ(of(code).verdict, Verdict::kUnavailable);
  }
  for (const ErrorCode code : {ErrorCode::kTimeout, ErrorCode::kIo, ErrorCode::kInvalid}) {
    EXPECT_EQ(of(code).verdict, Verdict::kFailed);
  }
  EXPECT_EQ(of(ErrorCode::kIo).reason, "why");
}

TEST(Judge, DoesNotHoldAWrongUrlOrTokenAgainstTheEvent) {
  for (const int status : {401, 403, 404, 405, 407, 411, 414, 421, 426}) {
    EXPECT_EQ(verdict(status), Verdict::kUnavailable) << status;
  }
  EXPECT_EQ(verdict(415, true), Verdict::kUnavailable);
  EXPECT_THAT(judge(response_of(401, "expired"), false, kNow).reason,
              testing::AllOf(HasSubstr("401"), HasSubstr("token"), HasSubstr("expired")));
  EXPECT_THAT(judge(response_of(301), false, kNow).reason, HasSubstr("redirects are not followed"));
}

TEST(Judge, QuotesTheBeginningOfTheAnswer) {
  EXPECT_EQ(judge(response_of(422), false, kNow).reason, "the handler answered 422");
  EXPECT_EQ(judge(response_of(422, "\r\n no\n\tway \n"), false, kNow).reason, "the handler answered 422: no  way");
  EXPECT_EQ(excerpt(std::string("a\x00\x1b[31m\x7F", 7)), "a  [31m");
  EXPECT_EQ(excerpt("\xff\xfe g\xc3\xbc"), "?? g??");
  EXPECT_EQ(excerpt("g\xc3\xbc"), "g\xc3\xbc");
  EXPECT_EQ(excerpt(std::string(201, 'x')), std::string(200, 'x') + "...");
  EXPECT_EQ(excerpt(std::string(199, 'x') + "€"), std::string(199, 'x') + "...");
  EXPECT_EQ(excerpt(" \n"), "");
}

TEST(RetryAfter, IsSecondsOrADateUpToAnHour) {
  using std::chrono::seconds;
  EXPECT_EQ(retry_after("7", kNow), seconds(7));
  EXPECT_EQ(retry_after("999999999", kNow), seconds(3'600));
  EXPECT_EQ(retry_after("99999999999999999999", kNow), seconds(3'600));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), seconds(7));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", kNow), seconds(0));
  EXPECT_EQ(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kNow), seconds(3'600));
  for (const char* text : {"", "-5", "7s", " ", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
                           "Sun, 06 anN 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
    EXPECT_EQ(retry_after(text, kNow), seconds(0)) << text;
  }
  EXPECT_EQ(judge(response_of(503, "", "7"), false, kNow).retry_after, seconds(7));
  EXPECT_EQ(judge(response_of(500, "", "7"), false, kNow).retry_after, seconds(7));
  EXPECT_EQ(judge(response_of(200, "", "7"), false, kNow).retry_after, seconds(0));
}

class BatchJudgeTest : public testing::Test {
 protected:
  // D, F, R or U for each event.
  std::string judged(std::size_t count, http::ClientResponse response) {
    outcomes_ = judge_.judge(std::move(response), count, kNow);
    std::string letters;
    for (const Outcome& outcome : outcomes_) letters += "DFRU"[static_cast<std::size_t>(outcome.verdict)];
    return letters;
  }
  std::string judged(std::size_t count, std::string body) { return judged(count, response_of(200, std::move(body))); }

  BatchJudge judge_;
  std::vector<Outcome> outcomes_;
};

TEST_F(BatchJudgeTest, TakesAnAnswerThatIsNotAboutSingleEventsForAll) {
  for (const char* body : {"", "ok", "{}", "{\"status\":500}", "\"ok\"", "[]", "[{\"status\":\"shipped\"}]", "[\"x\"]",
                           "{\"results\":\"fine\"}", "null"}) {
    EXPECT_EQ(judged(3, body), "DDD") << body;
  }
  EXPECT_EQ(judged(2, response_of(500, "[200,200]")), "FF");
  EXPECT_EQ(judged(2, response_of(404)), "UU");
  EXPECT_EQ(judged(2, response_of(422)), "RR");
}

TEST_F(BatchJudgeTest, TakesOneResultForEachEvent) {
  EXPECT_EQ(judged(6, "[200,500,422,429,404,201]"), "DFRURD");
  EXPECT_EQ(
      judged(3, " {\"results\":[{\"status\":200},{\"status\":500,\"reason\":\"no\\ndisk\",\"retry_after\":1.5},204]}"),
      "DFD");
  EXPECT_EQ(outcomes_[1].reason, "the handler answered 500 for this event: no disk");
  EXPECT_EQ(outcomes_[1].retry_after, Milliseconds(1'500));
  EXPECT_EQ(judged(2, response_of(207, "{\"results\":[{\"status\":503},{\"status\":200}]}", "7")), "UD");
  EXPECT_EQ(outcomes_[0].retry_after, Milliseconds(7'000));
  EXPECT_EQ(outcomes_[1].retry_after, Milliseconds(0));
}

TEST_F(BatchJudgeTest, FailsAllWhenTheResultsCannotBeUsed) {
  for (const char* body :
       {"[200]", "[200,200,200]", "{\"results\":[]}", "{\"results\":[{\"status\":200},{}]}", "[200,100]", "[200,600]",
        "{\"results\":[{\"status\":200},{\"status\":2", "[200,200", "{\"results\":[200,null]}", "{oops"}) {
    EXPECT_EQ(judged(2, body), "FF") << body;
    EXPECT_THAT(outcomes_[0].reason, HasSubstr("cannot be used")) << body;
  }
  EXPECT_EQ(judged(2, response_of(207, "fine")), "FF");
  http::ClientResponse cut = response_of(200, "[200,200]");
  cut.cut = true;
  EXPECT_EQ(judged(2, cut), "FF");
  EXPECT_THAT(outcomes_[0].reason, HasSubstr("longer than"));
}

}  // namespace
}  // namespace hubferry::deliver

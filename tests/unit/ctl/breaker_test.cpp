#include "ctl/breaker.h"

#include <gmock/gmock.h>

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

http::ClientResponse response(int status, const std::string& body) {
  http::ClientResponse response;
  response.status = status;
  response.body = body;
  return response;
}

Result<std::vector<BreakerState>> states(const std::string& body, int status = 200) {
  return breaker_states("http://h/x", response(status, body));
}

Result<std::string> answer(const std::string& verb, const std::string& body, const std::string& scope = "all instances",
                           int status = 200) {
  BreakerState breaker;
  breaker.route = "billing";
  breaker.scope = scope;
  breaker.instances = 3;
  return breaker_answer("http://h/x", verb, breaker, response(status, body));
}

TEST(BreakerStates, AreReadWithWhatIsKnownOfThem) {
  const auto read = states(R"({"breakers":[{"route":"a","state":"open","scope":"all instances","since":"T","reason":"R",
      "failures":3,"threshold":100,"window_ms":30000,"lag_events":17,"instances":2,"trouble":"old","more":[1]},
      {"route":"b","state":"closed","scope":"this instance","since":null,"lag_events":null}],"more":1})");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  const BreakerState& first = read->front();
  EXPECT_EQ(first.route + first.state + first.scope + first.since + first.reason + first.trouble,
            "aopenall instancesTRold");
  EXPECT_TRUE(first.shared());
  EXPECT_EQ(first.failures, 3);
  EXPECT_EQ(first.threshold, 100);
  EXPECT_EQ(first.window_ms, 30'000);
  EXPECT_EQ(first.lag, 17);
  EXPECT_EQ(first.instances, 2);
  EXPECT_TRUE(first.object.contains("more"));
  EXPECT_FALSE(read->back().shared());
  EXPECT_EQ(read->back().since, "");
  EXPECT_EQ(read->back().lag, -1);
  EXPECT_TRUE(states(R"({"breakers":[]})")->empty());
}

TEST(BreakerStates, AreBelievedInNoOtherForm) {
  for (const char* body :
       {"", "[]", "{}", R"({"breakers":{}})", R"({"breakers":[1]})", R"({"breakers":[{}]})",
        R"({"breakers":[{"route":"a","state":"open"}]})", R"({"breakers":[{"route":"a","state":true,"scope":"s"}]})"}) {
    EXPECT_FALSE(states(body)) << body;
  }
  EXPECT_THAT(states("", 404).error().message, HasSubstr("older than this hubferryctl"));
}

TEST(BreakerAnswer, TellsWhatHappenedAndToWhom) {
  constexpr const char* kDone = R"({"route":"billing","done":true})";
  EXPECT_EQ(answer("open", kDone).value(),
            "route billing: the breaker is open, ALL instances (3 now) deliver nothing until hubferryctl breaker probe "
            "--route billing");
  EXPECT_THAT(answer("open", kDone, "this instance").value(),
              HasSubstr("this one instance of the daemon delivers noth"));
  EXPECT_THAT(answer("close", kDone).value(), HasSubstr("the breaker is closed, ALL instances (3 now) deliver"));
  EXPECT_THAT(answer("probe", kDone).value(),
              AllOf(HasSubstr("a few events are tried now"), HasSubstr("hubferryctl breaker status")));
}

TEST(BreakerAnswer, BelievesNoOtherAnswer) {
  for (const char* body : {"", "[]", "{}", R"({"done":false})", R"({"done":1})"}) {
    EXPECT_FALSE(answer("open", body)) << body;
  }
  EXPECT_THAT(answer("open", "", "all instances", 404).error().message,
              HasSubstr("no breaker of a consume route billing"));
  EXPECT_THAT(answer("open", R"({"detail":"It was not opened."})", "all instances", 409).error().message,
              HasSubstr("answered 409: It was not opened."));
}

}  // namespace
}  // namespace hubferry::ctl

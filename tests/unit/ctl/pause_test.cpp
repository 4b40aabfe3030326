#include "ctl/pause.h"

#include <gmock/gmock.h>

namespace hubferry::ctl {
namespace {

using ::testing::HasSubstr;

Result<std::string> answer(int status, const std::string& body, bool pause = true) {
  http::ClientResponse response;
  response.status = status;
  response.body = body;
  return pause_answer("http://h/x", "billing", pause, response);
}

TEST(PauseAnswer, TellsWhatHappenedAndThatItIsThisInstanceOnly) {
  EXPECT_THAT(answer(200, R"({"route":"billing","paused":true})").value(),
              HasSubstr("billing is paused in this instance"));
  EXPECT_THAT(answer(200, R"({"route":"billing","paused":false})", false).value(), HasSubstr("delivers again"));
}

TEST(PauseAnswer, BelievesNoOtherAnswer) {
  EXPECT_THAT(answer(200, R"({"route":"billing","paused":false})").error().message, HasSubstr("unexpected answer"));
  for (const char* body : {"", "ok", "[]", R"({"paused":1})", R"({"route":"billing"})"}) {
    EXPECT_FALSE(answer(200, body)) << body;
  }
  EXPECT_THAT(answer(401, "").error().message, HasSubstr("--token-file"));
  EXPECT_THAT(answer(404, "").error().message, HasSubstr("no consume route billing"));
  EXPECT_THAT(answer(500, "boom").error().message, HasSubstr("answered 500: boom"));
}

}  // namespace
}  // namespace hubferry::ctl

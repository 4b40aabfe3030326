#include "http/router.h"

#include <gtest/gtest.h>

namespace hubferry::http {
namespace {

using Outcome = Router::Outcome;

Handler nothing() {
  return [](const Request&, Responder) {};
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add("GET", "/", nothing());
    router_.add("POST", "/v1/topics/{topic}/events", nothing());
    router_.add("GET", "/v1/topics/{topic}/events", nothing());
    router_.add("PUT", "/v1/{a}/{b}", nothing());
  }
  Router router_;
  Router::Parameters parameters_;
};

TEST_F(RouterTest, FillsParametersDecoded) {
  const auto match = router_.match("POST", "/v1/topics/a%2Fb%20c/events", parameters_);
  EXPECT_EQ(match.outcome, Outcome::kFound);
  ASSERT_EQ(parameters_.size(), 1U);
  EXPECT_EQ(parameters_[0].first, "topic");
  EXPECT_EQ(parameters_[0].second, "a/b c");
  EXPECT_EQ(router_.match("PUT", "/v1/x/y", parameters_).outcome, Outcome::kFound);
  EXPECT_EQ(parameters_.size(), 2U);
}

TEST_F(RouterTest, DoesNotFindPathsOfAnotherShape) {
  for (const char* path : {"/v1", "/v1/topics//events", "/v1/topics/a/events/", "/v1/topics/a/b/events", "//",
                           "/v1/topics/a/Events", ""}) {
    EXPECT_EQ(router_.match("POST", path, parameters_).outcome, Outcome::kNoPath) << path;
  }
}

TEST_F(RouterTest, ListsTheMethodsOfAPath) {
  const auto match = router_.match("DELETE", "/v1/topics/a/events", parameters_);
  EXPECT_EQ(match.outcome, Outcome::kNoMethod);
  EXPECT_EQ(match.allow, "POST, GET, HEAD");
}

TEST_F(RouterTest, AnswersHeadWithGet) {
  EXPECT_EQ(router_.match("HEAD", "/", parameters_).outcome, Outcome::kFound);
  EXPECT_EQ(router_.match("HEAD", "/v1/x/y", parameters_).outcome, Outcome::kNoMethod);
  EXPECT_EQ(router_.match("get", "/", parameters_).outcome, Outcome::kNoMethod);
}

TEST_F(RouterTest, RefusesABrokenEscape) {
  EXPECT_EQ(router_.match("POST", "/v1/topics/%zz/events", parameters_).outcome, Outcome::kBadEscape);
}

}  // namespace
}  // namespace hubferry::http

// The endpoints of the breakers for programs and for the buttons of the status page.
#include "console/breakers.h"

#include <boost/json.hpp>

#include "component/console/desk_fixture.h"
#include "component/http/certificates.h"

namespace hubferry::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Breakers = DeskTest;

constexpr const char* kVerbs[] = {"open", "close", "probe"};

std::string path_of(const std::string& verb, const std::string& route = "billing") {
  return "/v1/breakers/" + route + '/' + verb;
}

TEST_F(Breakers, AreListedWithAllThatIsKnown) {
  BreakerRow fresh;
  fresh.route = "au\"dit\xFF";
  fresh.scope = "this instance";
  fresh.state = "closed";
  fresh.trouble = "the control log is being read";
  desk_.rows({FakeDesk::billing(), fresh});
  const auto answer = request("GET", "/v1/breakers");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Content-Type: application/json"));
  EXPECT_TRUE(answer.has("Cache-Control: no-store"));
  EXPECT_EQ(boost::json::parse(answer.body), boost::json::parse(R"({"breakers":[
      {"route":"billing","state":"open","scope":"all instances","generation":7,"since":"2026-11-21T10:00:00.000Z",
       "reason":"101 final failures within 30s",
       "errors":[{"reason":"HTTP 500","count":87},{"reason":"no answer within 30s","count":1}],
       "failures":3,"threshold":100,"window_ms":30000,"lag_events":1234,"instances":3,"notified":true,"trouble":""},
      {"route":"au\"dit\ufffd","state":"closed","scope":"this instance","generation":0,"since":null,"reason":"",
       "errors":[],"failures":0,"threshold":0,"window_ms":0,"lag_events":null,"instances":0,"notified":false,
       "trouble":"the control log is being read"}]})"));
  desk_.rows({});
  EXPECT_EQ(request("GET", "/v1/breakers").body, R"({"breakers":[]})");
}

TEST_F(Breakers, AreOpenedClosedAndTried) {
  for (const char* verb : kVerbs) {
    const auto answer = request("POST", path_of(verb));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"route":"billing","done":true})");
  }
  EXPECT_THAT(desk_.asked(), ElementsAre("open|billing|somebody over HTTP|", "close|billing|somebody over HTTP|",
                                         "probe|billing|somebody over HTTP|"));
}

TEST_F(Breakers, AreToldWhoAsksAndWhy) {
  EXPECT_EQ(request("POST", path_of("open"), "", R"({"reason":"main\ntenance","by":"ann","more":1})").status, 200);
  EXPECT_EQ(request("POST", path_of("open"), std::string(kForm) + kBrowser, "reason=new+release%21").status, 200);
  EXPECT_THAT(desk_.asked(),
              ElementsAre("open|billing|ann|main tenance", "open|billing|somebody at the console|new release!"));
}

TEST_F(Breakers, BelieveNoOtherBody) {
  for (const char* body : {"maintenance", "[]", R"({"reason":1})", R"({"by":null})", "{\"reason\":\"\xFF\"}"}) {
    EXPECT_EQ(request("POST", path_of("open"), "", body).status, 400) << body;
  }
  EXPECT_EQ(request("POST", path_of("open"), kForm, "reason=%ff").status, 400);
  EXPECT_EQ(request("POST", path_of("open"), "", std::string(1'025, ' ')).status, 413);
  EXPECT_THAT(desk_.asked(), IsEmpty());
}

TEST_F(Breakers, OfAnUnknownRouteAre404) {
  const auto answer = request("POST", path_of("open", "other"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_TRUE(answer.has("Content-Type: application/problem+json"));
  EXPECT_EQ(request("POST", path_of("stop")).status, 404);
  EXPECT_THAT(desk_.asked(), IsEmpty());
}

TEST_F(Breakers, SayWhyTheyRefuse) {
  desk_.answer_with("it is not open");
  const auto answer = request("POST", path_of("close"));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(boost::json::parse(answer.body).at("detail").as_string(),
            "The breaker of route billing was not closed: it is not open.");
}

TEST_F(Breakers, AreNotChangedByAGet) {
  for (const char* verb : kVerbs) {
    EXPECT_EQ(request("GET", path_of(verb)).status, 405);
    EXPECT_EQ(request("HEAD", path_of(verb)).status, 405);
  }
  EXPECT_THAT(desk_.asked(), IsEmpty());
}

TEST_F(Breakers, AreNotChangedByPagesOfOtherSites) {
  for (const char* verb : kVerbs) {
    for (const char* site : {"cross-site", "same-site"}) {
      EXPECT_EQ(request("POST", path_of(verb), "Sec-Fetch-Site: " + std::string(site) + "\r\n").status, 403);
    }
  }
  EXPECT_THAT(desk_.asked(), IsEmpty());
  EXPECT_EQ(request("POST", path_of("probe"), "Sec-Fetch-Site: same-origin\r\n").status, 200);
}

TEST_F(Breakers, WantTheServersToken) {
  const testing_http::Folder folder;
  start({.listen = "127.0.0.1:0", .bearer_token_file = folder.write("tokens", "t\n")});
  EXPECT_EQ(request("GET", "/v1/breakers").status, 401);
  for (const char* verb : kVerbs) EXPECT_EQ(request("POST", path_of(verb)).status, 401);
  EXPECT_THAT(desk_.asked(), IsEmpty());
  EXPECT_EQ(request("GET", "/v1/breakers", "Authorization: Bearer t\r\n").status, 200);
}

TEST_F(Breakers, AnswerABrowserWithPages) {
  const auto done = request("POST", path_of("probe"), kBrowser);
  EXPECT_EQ(done.status, 200);
  EXPECT_TRUE(done.has("Content-Type: text/html; charset=utf-8"));
  EXPECT_THAT(done.body, HasSubstr("A few events are tried now"));
  EXPECT_THAT(done.body, HasSubstr("href=\"/\""));
  EXPECT_THAT(request("POST", path_of("open"), kBrowser).body, HasSubstr("Route billing is stopped"));
  EXPECT_THAT(request("POST", path_of("close"), kBrowser).body, HasSubstr("Route billing delivers again"));
  desk_.answer_with("<b> is \"no\" & none");
  const auto refused = request("POST", path_of("close"), kBrowser);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("was not closed: &lt;b&gt; is &quot;no&quot; &amp; none."));
  const auto unknown = request("POST", path_of("close", "%3Cb%3E"), kBrowser);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_TRUE(unknown.has("Content-Type: text/html; charset=utf-8"));
  EXPECT_THAT(unknown.body, Not(HasSubstr("<b>")));
}

TEST_F(Breakers, AnswerFromAnotherThreadWhenTheDeskDoes) {
  desk_.hold();
  auto waiting = ask("POST", path_of("open"));
  const auto done = desk_.held();
  ASSERT_TRUE(done);
  EXPECT_EQ(request("GET", "/v1/breakers").status, 200);  // meanwhile
  done("the control log has not taken it yet");           // on this thread
  const auto answer = waiting.answer();
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.body, HasSubstr("has not taken it yet"));
}

TEST_F(Breakers, SurviveADeskThatAnswersAfterTheServersEnd) {
  desk_.hold();
  auto waiting = ask("POST", path_of("open"));
  const auto done = desk_.held();
  ASSERT_TRUE(done);
  server_->stop(Milliseconds(0));
  EXPECT_TRUE(waiting.ended());
  server_.reset();
  done(std::nullopt);
}

TEST_F(Breakers, TellWhenTheDeskForgetsToAnswer) {
  desk_.hold();
  auto waiting = ask("POST", path_of("open"));
  ASSERT_TRUE(desk_.held());  // and dropped
  EXPECT_EQ(waiting.answer().status, 500);
}

}  // namespace
}  // namespace hubferry::console

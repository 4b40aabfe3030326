// The page that a notification's link leads to.
#include <algorithm>

#include "component/console/desk_fixture.h"
#include "component/http/certificates.h"

namespace hubferry::console {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class BreakerLink : public DeskTest {
 protected:
  testing_http::RawSocket::Answer press(const std::string& body, const std::string& headers = kForm) {
    return request("POST", "/breaker/billing/resume", headers, body);
  }
};

void expect_page(const testing_http::RawSocket::Answer& answer) {
  EXPECT_TRUE(answer.has("Content-Type: text/html; charset=utf-8"));
  EXPECT_TRUE(answer.has("Cache-Control: no-store"));
  EXPECT_TRUE(answer.has("Referrer-Policy: no-referrer"));
  EXPECT_TRUE(
      answer.has("Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                 "frame-ancestors 'none'"));
}

TEST_F(BreakerLink, AsksWithAllThatAPersonNeeds) {
  const auto answer = request("GET", "/breaker/billing/resume?token=good");
  EXPECT_EQ(answer.status, 200);
  expect_page(answer);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("Route billing is stopped"), HasSubstr("No instance delivers"),
                                 HasSubstr("2026-11-21 10:00:00 UTC"), HasSubstr("101 final failures within 30s"),
                                 HasSubstr("<li>87 times: HTTP 500"), HasSubstr("<li>1 time: no answer within 30s"),
                                 HasSubstr("1234 events when it opened")));
  EXPECT_THAT(answer.body, HasSubstr("<form method=\"post\" action=\"/breaker/billing/resume\"><input type=\"hidden\" "
                                     "name=\"token\" value=\"good\"><button>Try again</button></form>"));
}

TEST_F(BreakerLink, ChangesNothingByBeingFollowed) {
  for (const char* method : {"GET", "HEAD"}) {
    for (const char* token : {"?token=good", "?token=old", "?token=%00", ""}) {
      request(method, "/breaker/billing/resume" + std::string(token));
      request(method, "/breaker/billing/resume" + std::string(token), kForm, "token=good");
    }
  }
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "PATCH"}) {
    EXPECT_EQ(request(method, "/breaker/billing/resume?token=good", kForm, "token=good").status, 405);
  }
  EXPECT_THAT(desk_.asked(), IsEmpty());
}

TEST_F(BreakerLink, ResumesWhenTheButtonIsPressed) {
  const auto answer = press("token=good", "Content-Type: Application/X-WWW-Form-Urlencoded; charset=UTF-8\r\n");
  EXPECT_EQ(answer.status, 200);
  expect_page(answer);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("A few events are tried now"), HasSubstr("href=\"/\"")));
  EXPECT_THAT(desk_.asked(), ElementsAre("resume|billing|good"));
}

TEST_F(BreakerLink, IsOpenToEverybodyWhoHasIt) {
  const testing_http::Folder folder;
  start({.listen = "127.0.0.1:0", .bearer_token_file = folder.write("tokens", "t\n")});
  EXPECT_EQ(request("GET", "/breaker/billing/resume?token=good", "Sec-Fetch-Site: cross-site\r\n").status, 200);
  EXPECT_EQ(press("token=good").status, 200);
  EXPECT_THAT(desk_.asked(), ElementsAre("resume|billing|good"));
}

TEST_F(BreakerLink, ThatIsForgedOrOldSaysSoAndTellsNothingElse) {
  for (const auto& [token, why] : {std::pair{"old", "This link has expired."}, {"0123", "This link is not known."}}) {
    const auto shown = request("GET", "/breaker/billing/resume?token=" + std::string(token));
    const auto pressed = press("token=" + std::string(token));
    for (const auto& answer : {shown, pressed}) {
      EXPECT_EQ(answer.status, 403);
      expect_page(answer);
      EXPECT_THAT(answer.body, AllOf(HasSubstr(why), HasSubstr("newer message"), HasSubstr("href=\"/\""),
                                     HasSubstr("hubferryctl breaker probe --route billing")));
      EXPECT_THAT(answer.body, AllOf(Not(HasSubstr("<form")), Not(HasSubstr("101 final")), Not(HasSubstr("1234"))));
    }
  }
  EXPECT_EQ(press("").status, 403);
  EXPECT_THAT(desk_.asked(), IsEmpty());
}

TEST_F(BreakerLink, IsLookedAtBeforeAnybodyIsAsked) {
  const std::string longest(128, 'x');
  for (const std::string& token : {std::string(), std::string("a b"), std::string("a%2Fb"), std::string("%c3%a4"),
                                   std::string("a'b"), std::string("a.b"), longest + 'x'}) {
    EXPECT_EQ(request("GET", "/breaker/billing/resume?token=" + token).status, token == "a b" ? 400 : 403) << token;
    EXPECT_THAT(press("token=" + token).body, HasSubstr("This link is not whole")) << token;
  }
  EXPECT_EQ(desk_.looks, 0);
  EXPECT_EQ(press("token=" + longest).status, 403);
  EXPECT_EQ(press("token=aZ09_-").status, 403);
  EXPECT_EQ(desk_.looks, 2);
  EXPECT_THAT(desk_.asked(), IsEmpty());
}

TEST_F(BreakerLink, TakesNothingButASmallForm) {
  EXPECT_EQ(press("token=good", "Content-Type: text/plain\r\n").status, 415);
  EXPECT_EQ(press("token=good", "").status, 415);
  EXPECT_EQ(press("token=good", "Content-Type: application/x-www-form-urlencoded2\r\n").status, 415);
  EXPECT_EQ(press("token=good&more=" + std::string(1'010, 'x')).status, 413);
  EXPECT_THAT(desk_.asked(), IsEmpty());
  EXPECT_EQ(press("token=good&more=" + std::string(1'008, 'x')).status, 200);  // 1024 bytes
}

TEST_F(BreakerLink, SaysWhyItWasRefused) {
  desk_.answer_with("this link was used already");
  const auto answer = press("token=good");
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr("This link was used already."), HasSubstr("the first time may have counted")));
}

TEST_F(BreakerLink, HasNoButtonForABreakerThatIsNotOpen) {
  BreakerRow row = FakeDesk::billing();
  for (const auto& [state, text] :
       {std::pair{"half-open", "is being tried"}, {"closed", "there is nothing to resume"}}) {
    row.state = state;
    desk_.rows({row});
    const auto answer = request("GET", "/breaker/billing/resume?token=good");
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, AllOf(HasSubstr(text), Not(HasSubstr("<form"))));
  }
  desk_.rows({});
  EXPECT_EQ(request("GET", "/breaker/billing/resume?token=good").status, 403);
}

TEST_F(BreakerLink, EscapesWhatComesFromElsewhere) {
  BreakerRow row = FakeDesk::billing();
  row.route = "<i>'\"&";
  row.reason = "<b>reason</b>";
  row.errors = {{"<script>alert('x')</script>", 2}};
  row.trouble = "<u>old</u>";
  row.lag = -1;
  row.scope = "this instance";
  desk_.rows({row});
  const std::string path = "/breaker/%3Ci%3E'%22&/resume?token=";
  const auto shown = request("GET", path + "good");
  EXPECT_EQ(shown.status, 200);
  const auto refused = request("GET", path + "old");
  EXPECT_EQ(refused.status, 403);
  const auto done = request("POST", path, kForm, "token=good");
  EXPECT_EQ(done.status, 200);
  EXPECT_THAT(shown.body, AllOf(HasSubstr("&lt;b&gt;reason&lt;/b&gt;"),
                                HasSubstr("2 times: &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
                                HasSubstr("&lt;u&gt;old&lt;/u&gt;"), HasSubstr("This instance does not deliver"),
                                HasSubstr("action=\"/breaker/&lt;i&gt;&#39;&quot;&amp;/resume\"")));
  for (const auto& answer : {shown, refused, done}) {
    EXPECT_THAT(answer.body, HasSubstr("&lt;i&gt;&#39;&quot;&amp;"));
    for (const char* raw : {"<i>", "<b>", "<u>", "<script"}) EXPECT_THAT(answer.body, Not(HasSubstr(raw)));
  }
}

TEST_F(BreakerLink, WaitsForADeskThatAnswersLate) {
  desk_.hold();
  auto waiting = ask("POST", "/breaker/billing/resume", kForm, "token=good");
  const auto done = desk_.held();
  ASSERT_TRUE(done);
  EXPECT_EQ(request("GET", "/breaker/billing/resume?token=good").status, 200);  // meanwhile
  done(std::nullopt);
  EXPECT_THAT(waiting.answer().body, HasSubstr("A few events are tried now"));
}

}  // namespace
}  // namespace hubferry::console

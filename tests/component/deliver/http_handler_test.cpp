#include "deliver/http_handler.h"

#include <gmock/gmock.h>

#include "component/deliver/http_fixture.h"
#include "component/http/server_fixture.h"
#include "component/http/tls_peer.h"

namespace hubferry::deliver {
namespace {

using config::HttpFormat;
using testing::HasSubstr;
using namespace testing_http;

TEST_F(HttpHandlerTest, PostsTheEventAndTakesItsAnswer) {
  route_.handler.headers = {"X-Tenant: a"};
  start();
  EXPECT_EQ(handler_->limits().max_events, 1U);
  handler_->deliver(events("a"));
  auto peer = listener_.accept();
  const auto request = peer.answer();
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->header.starts_with("POST /events HTTP/1.1\r\n")) << request->header;
  for (const char* line : {"X-Tenant: a", "X-HubFerry-Topic: orders", "Idempotency-Key: orders-0-0",
                           "ce-id: orders-0-0", "X-HubFerry-Key: a", "Content-Length: 7"}) {
    EXPECT_TRUE(request->has(line)) << line;
  }
  EXPECT_EQ(request->body, "{\"a\":1}");
  ASSERT_TRUE(peer.send(answer(204)));
  EXPECT_EQ(outcomes_.of(0).verdict, Verdict::kDone);
}

TEST_F(HttpHandlerTest, SpendsNoAttemptWhenTheHandlerCannotBeReached) {
  listener_.close();
  start();
  handler_->deliver(events("a"));
  const Outcome outcome = outcomes_.of(0);
  EXPECT_EQ(outcome.verdict, Verdict::kUnavailable);
  EXPECT_THAT(outcome.reason, HasSubstr("refused"));
}

TEST_F(HttpHandlerTest, HonoursADateInRetryAfter) {
  start();
  handler_->deliver(events("a"));
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  ASSERT_TRUE(peer.send(answer(503, "busy", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n")));
  const Outcome outcome = outcomes_.of(0);
  EXPECT_EQ(outcome.verdict, Verdict::kUnavailable);
  EXPECT_EQ(outcome.reason, "the handler answered 503: busy");
  EXPECT_EQ(outcome.retry_after, std::chrono::hours(1));
}

TEST_F(HttpHandlerTest, SpendsAnAttemptWhenTheExchangeBreaks) {
  start();
  handler_->deliver(events("a"));
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  peer.reset();
  EXPECT_EQ(outcomes_.of(0).verdict, Verdict::kFailed);
}

TEST_F(HttpHandlerTest, QuotesOnlyTheBeginningOfAHugeAnswer) {
  start();
  handler_->deliver(events("a"));
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  peer.send(answer(500, std::string(10'000'000, 'x')));  // is not read to its end
  const Outcome outcome = outcomes_.of(0);
  EXPECT_EQ(outcome.verdict, Verdict::kFailed);
  EXPECT_LT(outcome.reason.size(), 300U);
}

TEST_F(HttpHandlerTest, AnswersWhatIsOpenWhenItEnds) {
  route_.concurrency = 2;
  start();
  for (Delivery& delivery : events("abcd")) handler_->deliver({std::move(delivery)});
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  handler_.reset();
  EXPECT_EQ(outcomes_.letters(4), "UUUU");
}

TEST_F(HttpHandlerTest, ShowsTheTokenAndItsCertificate) {
  const Folder folder;
  const Authority authority;
  Wish wish;
  wish.name = "the daemon";
  wish.use = "clientAuth";
  const Identity own = authority.issue(wish);
  route_.handler.target = "https://localhost:" + std::to_string(listener_.port()) + "/";
  route_.handler.tls_ca_file = folder.write("ca.pem", authority.pem());
  route_.handler.tls_certificate_file = folder.write("own.pem", own.certificate);
  route_.handler.tls_key_file = folder.write("own.key", own.key);
  route_.handler.bearer_token_file = folder.write("token", "secret\n");
  for (const auto format : {HttpFormat::kSingle, HttpFormat::kNdjson}) {
    start(format);
    handler_->deliver({event(format == HttpFormat::kSingle ? 0 : 1, "a")});
    TlsPeer peer(listener_.accept(), TlsPeerContext(authority.issue(), TLS1_3_VERSION, authority.pem()));
    ASSERT_TRUE(peer.established());
    EXPECT_EQ(peer.common_name(), "the daemon");
    EXPECT_TRUE(peer.answer().has("Authorization: Bearer secret"));
    ASSERT_TRUE(peer.send(answer(200)));
    EXPECT_EQ(outcomes_.of(format == HttpFormat::kSingle ? 0 : 1).verdict, Verdict::kDone);
  }
}

TEST_F(HttpHandlerTest, SaysWhatToMendWhenItCannotBegin) {
  const auto error = [this] {
    const auto made = make_http_handler(route_, outcomes_);
    return made ? std::string("none") : made.error().message;
  };
  route_.handler.bearer_token_file = "/missing/token";
  EXPECT_THAT(error(), HasSubstr("consume.r.handler: cannot read /missing/token"));
  route_.handler.bearer_token_file.clear();
  route_.handler.target = "https://h/";
  route_.handler.tls_ca_file = "/missing/ca";
  EXPECT_THAT(error(), HasSubstr("consume.r.handler: cannot read /missing/ca"));
  route_.handler.target = "http://h:x/";
  EXPECT_THAT(error(), HasSubstr("port 'x'"));
}

TEST_F(HttpHandlerTest, HasAsManyRequestsAtTheHandlerAsItMay) {
  Holder holder;
  auto server = http::Server::create({.listen = "127.0.0.1:0"});
  ASSERT_TRUE(server);
  (*server)->route("POST", "/events", holder.handler());
  ASSERT_TRUE((*server)->start());
  route_.handler.target = "http://127.0.0.1:" + std::to_string((*server)->port()) + "/events";
  route_.concurrency = 512;
  start();
  for (std::int64_t i = 0; i < 600; ++i) handler_->deliver({event(i, "a")});
  std::vector<std::unique_ptr<Held>> held;
  for (int i = 0; i < 512; ++i) held.push_back(holder.next());
  for (const auto& each : held) ASSERT_TRUE(each);
  for (const auto& each : held) each->responder(text_response("done"));
  for (int i = 512; i < 600; ++i) {
    const auto next = holder.next();
    ASSERT_TRUE(next);
    next->responder(text_response("done"));
  }
  EXPECT_EQ(outcomes_.letters(600), std::string(600, 'D'));
}

}  // namespace
}  // namespace hubferry::deliver

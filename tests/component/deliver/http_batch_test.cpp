#include <gmock/gmock.h>

#include "component/deliver/http_fixture.h"

namespace hubferry::deliver {
namespace {

using config::HttpFormat;

class HttpBatch : public HttpHandlerTest {
 protected:
  // Delivers events with these keys and gives the connection that they come on.
  RawSocket deliver(std::string_view keys) {
    if (!handler_) start(HttpFormat::kNdjson);
    handler_->deliver(events(keys));
    return listener_.accept();
  }
};

TEST_F(HttpBatch, SendsAllEventsInOneRequestOfItsFormat) {
  for (const auto& [format, type, count] :
       {std::tuple{HttpFormat::kNdjson, "application/x-ndjson", 0},
        {HttpFormat::kJsonArray, "application/json", 1},
        {HttpFormat::kCloudEvents, "application/cloudevents-batch+json; charset=UTF-8", 2}}) {
    start(format);
    EXPECT_EQ(handler_->limits().max_events, 100U);
    handler_->deliver({event(10 * count, "a"), event(10 * count + 1, "b")});
    auto peer = listener_.accept();
    const auto request = peer.answer();
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->has("Content-Type: " + std::string(type))) << request->header;
    EXPECT_TRUE(request->has("X-HubFerry-Events: 2"));
    EXPECT_TRUE(request->has("X-HubFerry-Topic: orders"));
    ASSERT_TRUE(peer.send(answer(200)));
    EXPECT_EQ(outcomes_.of(10 * count + 1).verdict, Verdict::kDone);
  }
}

TEST_F(HttpBatch, TakesAnAnswerForEachEvent) {
  auto peer = deliver("abcd");
  expect(peer, "0 1 2 3", answer(207, "{\"results\":[{\"status\":200},{\"status\":500},{\"status\":422},201]}"));
  EXPECT_EQ(outcomes_.letters(4), "DFRD");
}

TEST_F(HttpBatch, FailsAsAWholeWhenTheHandlerFails) {
  auto peer = deliver("abc");
  expect(peer, "0 1 2", answer(500, "no"));
  EXPECT_EQ(outcomes_.letters(3), "FFF");
}

TEST_F(HttpBatch, ThatIsRejectedComesAgainInHalvesSoThatOnlyTheBadEventIs) {
  auto peer = deliver("abcdefgh");
  expect(peer, "0 1 2 3 4 5 6 7", answer(422));
  expect(peer, "0 1 2 3", answer(200));
  expect(peer, "4 5 6 7", answer(422));
  expect(peer, "4 5", answer(422));
  expect(peer, "4", answer(200));
  expect(peer, "5", answer(422, "bad"));
  expect(peer, "6 7", answer(200));
  EXPECT_EQ(outcomes_.letters(8), "DDDDDRDD");
  EXPECT_EQ(outcomes_.of(5).reason, "the handler answered 422: bad");
}

TEST_F(HttpBatch, DoesNotSendAnEventBeforeTheOneItHasToWaitFor) {
  auto peer = deliver("aabaca");
  expect(peer, "0 1 2 3 4 5", answer(400));
  expect(peer, "0 1 2", answer(400));
  expect(peer, "0", answer(200));
  expect(peer, "1 2", answer(400));
  expect(peer, "1", answer(400));
  expect(peer, "2", answer(200));
  expect(peer, "4", answer(200));  // 3 and 5 have the key of 1
  EXPECT_EQ(outcomes_.letters(6), "DRDUDU");
}

TEST_F(HttpBatch, KeepsTheOrderOfAPartitionIfTheRouteDoes) {
  route_.order = config::Order::kPartition;
  auto peer = deliver("abcd");
  expect(peer, "0 1 2 3", answer(400));
  expect(peer, "0 1", answer(500));
  EXPECT_EQ(outcomes_.letters(4), "FFUU");
}

TEST_F(HttpBatch, SendsAllTheSameWithoutOrder) {
  route_.order = config::Order::kNone;
  auto peer = deliver("aaaa");
  expect(peer, "0 1 2 3", answer(400));
  expect(peer, "0 1", answer(500));
  expect(peer, "2 3", answer(200));
  EXPECT_EQ(outcomes_.letters(4), "FFDD");
}

TEST_F(HttpBatch, GivesEachLastAttemptARequestOfItsOwn) {
  auto peer = deliver("abCdEF");
  expect(peer, "0 1", answer(500));
  expect(peer, "2", answer(200));
  expect(peer, "3", answer(200));
  expect(peer, "4", answer(500));
  expect(peer, "5", answer(200));
  EXPECT_EQ(outcomes_.letters(6), "FFDDFD");
}

TEST_F(HttpBatch, IsNotSentFurtherWhenTheHandlerIsNotAvailable) {
  auto peer = deliver("ABcd");
  expect(peer, "0", answer(200));
  expect(peer, "1", answer(503, "", "Retry-After: 7\r\n"));
  EXPECT_EQ(outcomes_.letters(4), "DUUU");
  EXPECT_EQ(outcomes_.of(3).retry_after, std::chrono::seconds(7));
}

TEST_F(HttpBatch, IsAnsweredToTheLastEventWhenTheHandlerEnds) {
  auto peer = deliver("aBCd");
  expect(peer, "0", answer(200));
  ASSERT_TRUE(peer.answer());
  handler_.reset();
  EXPECT_EQ(outcomes_.letters(4), "DUUU");
}

}  // namespace
}  // namespace hubferry::deliver

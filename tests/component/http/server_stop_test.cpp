#include <future>

#include "component/http/server_fixture.h"

namespace hubferry::testing_http {
namespace {

class Stopping : public ServerTest {};

TEST_F(Stopping, ClosesIdleConnectionsAndTheListener) {
  start();
  auto idle = connect();
  ASSERT_TRUE(idle.send(get("/hello")));
  ASSERT_EQ(idle.answer()->status, 200);
  server_->stop_accepting();
  server_->stop_accepting();
  EXPECT_TRUE(idle.ended());
  EXPECT_FALSE(connect().connected());
}

TEST_F(Stopping, AnswersWhatIsUnderWayAndCloses) {
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send(post("/hold/a", "x")));
  auto held = holder_.next();
  ASSERT_TRUE(held);
  auto stopped = std::async(std::launch::async, [&] { server_->stop(Milliseconds(15'000)); });
  while (connect().connected()) {  // until the listener is closed
  }
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  held->responder(text_response("done"));
  const auto answer = socket.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "done");
  EXPECT_TRUE(answer->has("Connection: close"));
  EXPECT_TRUE(socket.ended());
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(Stopping, ShedsConnectionsAnswerByAnswerWhileNewOnesAreTaken) {
  start();
  auto kept = connect();
  ASSERT_TRUE(kept.send(get("/hello")));
  EXPECT_FALSE(kept.answer()->has("Connection: close"));
  auto busy = connect();
  ASSERT_TRUE(busy.send(post("/hold/a", "x")));
  auto held = holder_.next();
  ASSERT_TRUE(held);
  server_->shed_connections();
  held->responder(text_response("done"));
  const auto last = busy.answer();
  EXPECT_EQ(last->body, "done");
  EXPECT_TRUE(last->has("Connection: close"));
  EXPECT_TRUE(busy.ended());
  for (int i = 0; i < 2; ++i) {
    auto socket = i == 0 ? std::move(kept) : connect();
    ASSERT_TRUE(socket.send(get("/hello")));
    const auto answer = socket.answer();
    EXPECT_EQ(answer->status, 200);
    EXPECT_TRUE(answer->has("Connection: close"));
    EXPECT_TRUE(socket.ended());
  }
}

TEST_F(Stopping, FinishesARequestThatIsHalfReceived) {
  start();
  auto socket = connect();
  const std::string request = post("/hold/a", "0123456789");
  ASSERT_TRUE(socket.send(request.substr(0, request.size() - 5)));
  auto other = connect();  // served after the half request has been read
  ASSERT_TRUE(other.send(get("/hello")));
  ASSERT_TRUE(other.answer());
  server_->stop_accepting();
  ASSERT_TRUE(other.ended());
  ASSERT_TRUE(socket.send("56789"));
  auto held = holder_.next();
  ASSERT_TRUE(held);
  EXPECT_EQ(held->request->body(), "0123456789");
  held->responder(text_response("whole"));
  EXPECT_EQ(socket.answer()->body, "whole");
}

TEST_F(Stopping, ClosesAllAtTheDeadlineAndKeepsTheRequestForItsHandler) {
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send(post("/hold/a", "still here")));
  auto held = holder_.next();
  ASSERT_TRUE(held);
  server_->stop(Milliseconds(20));
  EXPECT_TRUE(socket.ended());
  EXPECT_EQ(held->request->body(), "still here");
  held->responder(text_response("to nobody"));
}

TEST_F(Stopping, OutlivesItsResponders) {
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send(post("/hold/a", "still here")));
  auto held = holder_.next();
  ASSERT_TRUE(held);
  server_.reset();
  EXPECT_EQ(held->request->parameter("name"), "a");
  held->responder(text_response("to nobody"));
  held.reset();
}

TEST_F(Stopping, SurvivesAnswersToClientsThatHaveGone) {
  start();
  for (const bool hard : {false, true}) {
    auto socket = connect();
    ASSERT_TRUE(socket.send(post("/hold/a", "x")));
    auto held = holder_.next();
    ASSERT_TRUE(held);
    hard ? socket.reset() : socket.close();
    held->responder(text_response(std::string(4'000'000, 'x')));
    auto other = connect();
    ASSERT_TRUE(other.send(get("/hello")));
    EXPECT_EQ(other.answer()->status, 200);
  }
  server_->stop(Milliseconds(15'000));
}

TEST_F(Stopping, MayBeCalledAgainAndBeforeStart) {
  start();
  server_->stop(Milliseconds(0));
  server_->stop(Milliseconds(0));
  server_->stop_accepting();
  auto unused = http::Server::create(options_);
  ASSERT_TRUE(unused);
  (*unused)->stop(Milliseconds(0));
}

TEST(Listening, NamesTheAddressAndTheReason) {
  RawListener taken;
  const std::string address = "127.0.0.1:" + std::to_string(taken.port());
  const auto server = http::Server::create({.listen = address});
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find(address), std::string::npos) << server.error().message;
  EXPECT_NE(server.error().message.find("in use"), std::string::npos) << server.error().message;
  for (const char* wrong : {"", "8080", "localhost", "1.2.3.4:x", "::1:80", "[::1:80", "no-such-host.invalid:80"}) {
    const auto refused = http::Server::create({.listen = wrong});
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message.find(wrong), std::string::npos) << refused.error().message;
  }
}

TEST(Listening, RefusesAPortThatAnotherServerTookAfterCreate) {
  auto first = http::Server::create({.listen = "127.0.0.1:0"});
  ASSERT_TRUE(first);
  auto second = http::Server::create({.listen = "127.0.0.1:" + std::to_string((*first)->port())});
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_TRUE((*first)->start());
  EXPECT_FALSE((*second)->start());
}

}  // namespace
}  // namespace hubferry::testing_http

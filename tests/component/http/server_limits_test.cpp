#include <future>
#include <vector>

#include "component/http/server_fixture.h"

namespace hubferry::testing_http {
namespace {

class Limits : public ServerTest {
 protected:
  // The status that `request` gets on a connection of its own; the connection must end behind it if `closes`.
  int status_of(const std::string& request, bool closes) {
    auto socket = connect();
    EXPECT_TRUE(socket.send(request));
    const auto answer = socket.answer();
    if (!answer) return -1;
    EXPECT_TRUE(answer->has("Content-Type: application/problem+json"));
    EXPECT_EQ(answer->has("Connection: close"), closes);
    if (closes) {
      EXPECT_TRUE(socket.ended());
    }
    return answer->status;
  }
};

TEST_F(Limits, AnswersUnknownPathsWith404AndStays) {
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send(get("/nowhere") + post("/nowhere/else", "body") + get("/hello")));
  const auto first = socket.answer();
  EXPECT_EQ(first->status, 404);
  EXPECT_NE(first->body.find("There is nothing at /nowhere."), std::string::npos);
  EXPECT_EQ(socket.answer()->status, 404);
  EXPECT_EQ(socket.answer()->status, 200);
}

TEST_F(Limits, AnswersOtherMethodsWith405AndAllow) {
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send("DELETE /hold/a HTTP/1.1\r\nHost: h\r\n\r\n" + get("/hello")));
  const auto answer = socket.answer();
  EXPECT_EQ(answer->status, 405);
  EXPECT_TRUE(answer->has("Allow: POST, GET, HEAD"));
  EXPECT_EQ(socket.answer()->status, 200);
}

TEST_F(Limits, RefusesMalformedRequestsAndCloses) {
  start();
  for (const char* request :
       {"GARBAGE\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const bool closes = std::string_view(request).find("GET *") == std::string_view::npos;
    EXPECT_EQ(status_of(request, closes), 400) << request;
  }
  EXPECT_EQ(status_of("GET /hold/%zz HTTP/1.1\r\nHost: h\r\n\r\n", false), 400);
  EXPECT_EQ(status_of("GET /hello HTTP/1.1\r\nHost: h\r\nExpect: wonders\r\n\r\n", false), 417);
}

TEST_F(Limits, NeverServesWhatFollowsAnAmbiguousRequest) {
  start();
  auto socket = connect();
  ASSERT_TRUE(
      socket.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "0\r\n\r\n" +
                  get("/hello")));
  const std::string all = socket.rest();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(all.find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(Limits, RefusesALargeHeaderWith431) {
  options_.max_header_bytes = 1'000;
  start();
  EXPECT_EQ(status_of(get("/hello", "X: " + std::string(2'000, 'x') + "\r\n"), true), 431);
  EXPECT_EQ(status_of("GET /" + std::string(200'000, 'x'), true), 431);
}

TEST_F(Limits, RefusesALargeBodyWithoutReadingIt) {
  options_.max_body_bytes = 10;
  start();
  EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n", true), 413);
  EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\n", true),
            413);
  auto socket = connect();
  ASSERT_TRUE(socket.send(post("/echo", "0123456789")));
  EXPECT_EQ(socket.answer()->status, 200);
}

TEST_F(Limits, LetsAClientReadThe413WhileItStillSends) {
  options_.max_body_bytes = 10;
  start();
  auto socket = connect();
  const int small = 16 * 1024;  // so that the server must take what is sent
  ASSERT_EQ(::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  ASSERT_TRUE(socket.send(post("/echo", std::string(900'000, 'x'))));
  EXPECT_EQ(socket.answer()->status, 413);
}

TEST_F(Limits, TurnsConnectionsAwayAboveTheLimit) {
  options_.max_connections = 3;
  start();
  std::vector<RawSocket> inside;
  for (int i = 0; i < 3; ++i) {
    inside.push_back(connect());
    ASSERT_TRUE(inside.back().send(get("/hello")));
    ASSERT_EQ(inside.back().answer()->status, 200);
  }
  for (int i = 0; i < 5; ++i) {
    auto outside = connect();
    const auto answer = outside.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(answer->has("Retry-After: 1"));
    EXPECT_TRUE(outside.ended());
  }
  ASSERT_TRUE(inside.front().send(get("/hello", "Connection: close\r\n")));
  ASSERT_EQ(inside.front().answer()->status, 200);
  ASSERT_TRUE(inside.front().ended());
  auto next = connect();
  ASSERT_TRUE(next.send(get("/hello")));
  EXPECT_EQ(next.answer()->status, 200);
}

TEST_F(Limits, EndsASlowHeaderHoweverItTrickles) {
  options_.header_timeout = Milliseconds(100);
  start();
  auto slow = connect();
  auto other = connect();
  const std::string request = get("/hello", "X: " + std::string(10'000, 'x') + "\r\n");
  bool open = true;
  for (std::size_t i = 0; open && i < request.size() - 1; ++i) {
    open = slow.send(request.substr(i, 1));
    if (i % 100 == 0) {
      ASSERT_TRUE(other.send(get("/hello")));
      ASSERT_EQ(other.answer()->status, 200);
    }
  }
  const auto answer = slow.answer();
  if (answer) {
    EXPECT_EQ(answer->status, 408);
  }
  EXPECT_FALSE(slow.read_more());
  EXPECT_FALSE(slow.gave_up());
}

TEST_F(Limits, EndsABodyThatStopsArriving) {
  options_.body_timeout = Milliseconds(100);
  start();
  EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", true), 408);
  EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", true), 408);
}

TEST_F(Limits, EndsABodyThatTricklesBelowTheLeastRate) {
  options_.body_timeout = Milliseconds(300);
  start();
  auto slow = connect();
  ASSERT_TRUE(slow.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"));
  pollfd answer{slow.fd(), POLLIN, 0};
  for (int sent = 0; ::poll(&answer, 1, 20) == 0; ++sent) {  // 50 bytes a second at most
    ASSERT_LT(sent, 1'000);
    ASSERT_TRUE(slow.send("x"));
  }
  EXPECT_TRUE(slow.rest().starts_with("HTTP/1.1 408 "));
}

TEST_F(Limits, TakesALargeBodyHoweverLongItTakesAboveTheLeastRate) {
  options_.body_timeout = Milliseconds(1'000);
  start();
  auto socket = connect();
  constexpr int kPieces = 60;
  ASSERT_TRUE(socket.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 600000\r\n\r\n"));
  pollfd answer{socket.fd(), POLLIN, 0};
  for (int i = 0; i < kPieces; ++i) {
    ASSERT_EQ(::poll(&answer, 1, 20), 0);
    ASSERT_TRUE(socket.send(std::string(10'000, 'x')));
  }
  EXPECT_EQ(socket.answer()->body.size(), 600'000U);
}

TEST_F(Limits, EndsIdleConnectionsWithoutAnAnswer) {
  options_.idle_timeout = Milliseconds(100);
  start();
  auto silent = connect();
  EXPECT_TRUE(silent.ended());
  auto served = connect();
  ASSERT_TRUE(served.send(get("/hello")));
  EXPECT_EQ(served.answer()->status, 200);
  EXPECT_TRUE(served.ended());
}

TEST_F(Limits, EndsAClientThatDoesNotReadItsAnswer) {
  options_.body_timeout = Milliseconds(100);
  large_ = 64 * 1024 * 1024;
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send(get("/large")));
  ASSERT_TRUE(socket.read_more());
  auto stopped = std::async(std::launch::async, [&] { server_->stop(Milliseconds(60'000)); });
  EXPECT_EQ(stopped.wait_for(kPatience), std::future_status::ready);  // nothing is under way any more
  EXPECT_LT(socket.rest().size(), large_);
}

TEST_F(Limits, OneClientsFloodLeavesOthersTheirTurn) {
  start();
  auto flood = connect();
  ASSERT_TRUE(flood.send(post("/echo", std::string(200'000, 'x'))));  // so that the server reads much at once
  ASSERT_EQ(flood.answer()->status, 200);
  constexpr int kRequests = 50'000;
  std::string all;
  for (int i = 0; i < kRequests; ++i) all += "GET /none HTTP/1.1\r\nHost:\r\n\r\n";
  auto sent = std::async(std::launch::async, [&] { return flood.send(all); });
  auto read = std::async(std::launch::async, [&] {
    int answers = 0;
    while (answers < kRequests && flood.answer()->status == 404) ++answers;
    return answers;
  });
  int served = 0;
  auto other = connect();
  while (read.wait_for(std::chrono::seconds(0)) == std::future_status::timeout) {
    ASSERT_TRUE(other.send(get("/hello")));
    ASSERT_EQ(other.answer()->status, 200);
    ++served;
  }
  EXPECT_TRUE(sent.get());
  EXPECT_EQ(read.get(), kRequests);
  EXPECT_GE(served, 100);  // without turns one for each read of up to 256 KiB: about 6'000 requests
}

TEST_F(Limits, SlowClientsOfAllKindsDoNotKeepOthersWaiting) {
  options_.max_connections = 500;
  start();
  std::vector<RawSocket> slow;
  const std::vector<std::string> beginnings{
      "", "GET /hello HT", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc",
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc", get("/large")};
  for (std::size_t i = 0; i < 400; ++i) {
    slow.push_back(connect());
    ASSERT_TRUE(slow.back().send(beginnings[i % (i < 50 ? beginnings.size() : beginnings.size() - 1)]));
  }
  const auto begin = std::chrono::steady_clock::now();
  auto other = connect();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(other.send(post("/echo", "body")));
    ASSERT_EQ(other.answer()->status, 200);
  }
  // Each alone is done in a fraction of a millisecond; the slow ones' timeouts are 10 s and more.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

TEST_F(Limits, HoldsNoTimeAgainstARequestThatIsBeingHandled) {
  options_.idle_timeout = options_.header_timeout = options_.body_timeout = Milliseconds(20);
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send(post("/hold/a", "x")));
  auto held = holder_.next();
  ASSERT_TRUE(held);
  auto idle = connect();
  EXPECT_TRUE(idle.ended());  // so the time has passed
  held->responder(text_response("late"));
  EXPECT_EQ(socket.answer()->body, "late");
}

}  // namespace
}  // namespace hubferry::testing_http

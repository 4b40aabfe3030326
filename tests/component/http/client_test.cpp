#include <vector>

#include "component/http/client_fixture.h"
#include "http/server.h"

namespace hubferry::testing_http {
namespace {

class Posting : public ClientTest {
 protected:
  // The answer to one post on a connection of its own, when the peer sends `answer` and then closes if `closes`.
  Result<http::ClientResponse> answered_with(const std::string& answer, bool closes) {
    start();
    auto outcome = post("event");
    auto peer = listener_.accept();
    EXPECT_TRUE(peer.answer());
    EXPECT_TRUE(peer.send(answer));
    if (closes) peer.close();
    return result(outcome);
  }
};

TEST_F(Posting, SendsTheWholeRequest) {
  start();
  auto outcome = post("event", Milliseconds(60'000), "Content-Type: application/json\r\nX-A: 1\r\n");
  auto peer = listener_.accept();
  const auto request = peer.answer();
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->header.starts_with("POST /events?x=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(request->has("Host: 127.0.0.1:" + std::to_string(listener_.port())));
  EXPECT_TRUE(request->has("Content-Type: application/json"));
  EXPECT_TRUE(request->has("X-A: 1"));
  EXPECT_TRUE(request->has("Content-Length: 5"));
  EXPECT_EQ(request->body, "event");
  ASSERT_TRUE(peer.send("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno"));
  const auto response = result(outcome);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, "no");
  EXPECT_EQ(response->retry_after, "7");
}

TEST_F(Posting, SendsAnEmptyBody) {
  start();
  auto outcome = post("");
  auto peer = listener_.accept();
  EXPECT_TRUE(peer.answer()->has("Content-Length: 0"));
  ASSERT_TRUE(peer.send(ok("")));
  EXPECT_EQ(result(outcome)->status, 200);
}

TEST_F(Posting, AsksWithoutABodyOnTheSameConnection) {
  start();
  auto posted = post("event");
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  ASSERT_TRUE(peer.send(ok("")));
  ASSERT_TRUE(result(posted));
  auto asked = get("X-A: 1\r\n");
  const auto request = peer.header();
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->starts_with("GET /events?x=1 HTTP/1.1\r\n"));
  EXPECT_NE(request->find("\r\nX-A: 1\r\n"), std::string::npos);
  EXPECT_EQ(request->find("Content-Length"), std::string::npos);
  ASSERT_TRUE(peer.send(ok("all of it")));
  EXPECT_EQ(result(asked)->body, "all of it");
  auto next = post("next");
  EXPECT_EQ(peer.answer()->body, "next");  // nothing of the GET stands before it
  ASSERT_TRUE(peer.send(ok("")));
  EXPECT_TRUE(result(next));
}

TEST_F(Posting, AsksOnceMoreWhenThePeerClosedTheKeptConnection) {
  start();
  auto first = get();
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.header());
  ASSERT_TRUE(peer.send(ok("1")));
  ASSERT_TRUE(result(first));
  auto second = get();
  ASSERT_TRUE(peer.header());
  peer.close();
  auto other = listener_.accept();
  EXPECT_TRUE(other.header()->starts_with("GET /events"));
  ASSERT_TRUE(other.send(ok("2")));
  EXPECT_EQ(result(second)->body, "2");
}

TEST_F(Posting, SendsALargeBodyToASlowReader) {
  start();
  std::string body(20 * 1024 * 1024, 'x');
  for (std::size_t i = 0; i < body.size(); i += 101) body[i] = static_cast<char>('a' + i % 26);
  auto outcome = post(body);
  auto peer = listener_.accept();
  EXPECT_TRUE(peer.answer()->body == body);
  ASSERT_TRUE(peer.send(ok("taken")));
  EXPECT_EQ(result(outcome)->body, "taken");
}

TEST_F(Posting, UsesOneConnectionAgainAndAgain) {
  start();
  RawSocket peer{UniqueFd()};
  for (int i = 0; i < 20; ++i) {
    auto outcome = post("event");
    if (i == 0) peer = listener_.accept();
    ASSERT_TRUE(peer.answer());
    ASSERT_TRUE(peer.send(ok(std::to_string(i))));
    ASSERT_EQ(result(outcome)->body, std::to_string(i));
  }
}

TEST_F(Posting, UsesNoMoreThanItsConnectionsAndWaitsInOrder) {
  options_.max_connections = 2;
  start();
  std::vector<Outcome> outcomes;
  const std::string bodies = "0123456789";
  for (std::size_t i = 0; i < bodies.size(); ++i) outcomes.push_back(post(std::string_view(bodies).substr(i, 1)));
  RawSocket first = listener_.accept();
  RawSocket second = listener_.accept();
  EXPECT_EQ(first.answer()->body, "0");
  EXPECT_EQ(second.answer()->body, "1");
  for (std::size_t i = 2; i < bodies.size(); ++i) {
    ASSERT_TRUE(second.send(ok("")));
    ASSERT_EQ(second.answer()->body, bodies.substr(i, 1));
  }
  ASSERT_TRUE(second.send(ok("")));
  ASSERT_TRUE(first.send(ok("")));
  for (auto& outcome : outcomes) EXPECT_TRUE(result(outcome));
  pollfd waiting{listener_.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);  // no third connection
}

TEST_F(Posting, OpensTheNextConnectionWhenOneBreaks) {
  options_.max_connections = 1;
  start();
  auto first = post("1");
  auto second = post("2");
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  peer.close();
  expect_error(first, ErrorCode::kIo);
  auto next = listener_.accept();
  EXPECT_EQ(next.answer()->body, "2");
  ASSERT_TRUE(next.send(ok("")));
  EXPECT_TRUE(result(second));
}

TEST_F(Posting, ReadsAChunkedAnswerCutAnywhereAndKeepsTheConnection) {
  start();
  auto outcome = post("event");
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  const std::string answer =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n "
      "world\r\n0\r\n"
      "T: 1\r\n\r\n";
  for (const char c : answer) ASSERT_TRUE(peer.send(std::string_view(&c, 1)));
  EXPECT_EQ(result(outcome)->body, "hello world");
  auto next = post("next");
  EXPECT_EQ(peer.answer()->body, "next");
  ASSERT_TRUE(peer.send(answer));
  EXPECT_EQ(result(next)->body, "hello world");
}

TEST_F(Posting, ReadsAnAnswerThatEndsWithTheConnection) {
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\n\r\nall of it", true)->body, "all of it");
}

TEST_F(Posting, TakesNoBodyWith204) {
  EXPECT_EQ(answered_with("HTTP/1.1 204 No Content\r\n\r\n", false)->status, 204);
}

TEST_F(Posting, CutsALongAnswerAtTheLimit) {
  options_.max_response_bytes = 10;
  EXPECT_EQ(answered_with(ok("0123456789"), false)->body, "0123456789");
  EXPECT_EQ(answered_with(ok("0123456789x"), false)->body, "0123456789");
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\n\r\n0123456789x", false)->body, "0123456789");
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n0123456789x", false)->body,
            "0123456789");
}

TEST_F(Posting, RefusesAnswersThatAreNoHttp) {
  for (const char* garbage :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 2xx OK\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const auto response = answered_with(garbage, false);
    ASSERT_FALSE(response) << garbage;
    EXPECT_EQ(response.error().code, ErrorCode::kInvalid) << garbage;
  }
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), false).error().code,
            ErrorCode::kInvalid);
}

TEST_F(Posting, ReportsAnAnswerThatBreaksOff) {
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nContent-Le", true).error().code, ErrorCode::kIo);
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", true).error().code, ErrorCode::kIo);
  EXPECT_EQ(answered_with("", true).error().code, ErrorCode::kIo);
}

TEST_F(Posting, TakesAnAnswerThatComesBeforeTheRequestIsSent) {
  start();
  const std::string body(20 * 1024 * 1024, 'x');
  auto outcome = post(body);
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.header());
  ASSERT_TRUE(peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(result(outcome)->status, 413);
  auto next = post("next");  // on a new connection
  auto other = listener_.accept();
  EXPECT_EQ(other.answer()->body, "next");
  ASSERT_TRUE(other.send(ok("")));
  EXPECT_EQ(result(next)->status, 200);
}

TEST_F(Posting, DoesNotKeepAConnectionThatThePeerGivesUp) {
  start();
  auto outcome = post("1");
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  ASSERT_TRUE(peer.send(ok("", "Connection: close\r\n")));
  EXPECT_TRUE(result(outcome));
  EXPECT_TRUE(peer.ended());
}

TEST_F(Posting, WorksWithTheServer) {
  auto server = http::Server::create({.listen = "127.0.0.1:0"});
  ASSERT_TRUE(server);
  (*server)->route("POST", "/events", [](const http::Request& request, http::Responder respond) {
    respond({200, "text/plain", std::string(request.body()), {}});
  });
  (*server)->route("GET", "/events", [](const http::Request& request, http::Responder respond) {
    respond({200, "text/plain", "x=" + request.query("x").value_or("") + std::string(request.body()), {}});
  });
  ASSERT_TRUE((*server)->start());
  start((*server)->port(), "localhost");
  std::vector<std::string> bodies;
  for (int i = 0; i < 2'000; ++i) bodies.push_back(std::to_string(i));
  std::vector<Outcome> outcomes;
  for (const auto& body : bodies) outcomes.push_back(post(body));
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const auto response = result(outcomes[i]);
    ASSERT_TRUE(response) << response.error().message;
    ASSERT_EQ(response->body, bodies[i]);
  }
  auto asked = get();
  EXPECT_EQ(result(asked)->body, "x=1");
}

}  // namespace
}  // namespace hubferry::testing_http

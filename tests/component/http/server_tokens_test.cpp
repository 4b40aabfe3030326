#include "component/http/certificates.h"
#include "component/http/server_fixture.h"

namespace hubferry::testing_http {
namespace {

class Tokens : public ServerTest {
 protected:
  Tokens() {
    folder_.replace("tokens", "# one for each team\nred-1\n\nblue-2\r\n");
    options_.bearer_token_file = folder_ / "tokens";
  }

  RawSocket::Answer answer_to(const std::string& request) {
    auto socket = connect();
    EXPECT_TRUE(socket.send(request));
    return socket.answer();
  }
  int status_with(const std::string& authorization) {
    return answer_to(get("/hello", "Authorization: " + authorization + "\r\n")).status;
  }

  Folder folder_;
};

TEST_F(Tokens, EachTokenOfTheFileIsGood) {
  start();
  EXPECT_EQ(status_with("Bearer red-1"), 200);
  EXPECT_EQ(status_with("bearer blue-2"), 200);
  EXPECT_EQ(status_with("BEARER   blue-2 "), 200);
}

TEST_F(Tokens, NoTokenGets401) {
  start();
  const auto answer = answer_to(get("/hello"));
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.has("WWW-Authenticate: Bearer"));
  EXPECT_TRUE(answer.has("Content-Type: application/problem+json"));
  EXPECT_EQ(status_with("Basic cmVkLTE6"), 401);
  EXPECT_EQ(status_with("red-1"), 401);
  EXPECT_EQ(status_with("Bearer"), 401);
}

TEST_F(Tokens, AWrongTokenGets401) {
  start();
  const auto answer = answer_to(get("/hello", "Authorization: Bearer red-2\r\n"));
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.has("WWW-Authenticate: Bearer error=\"invalid_token\""));
  EXPECT_EQ(answer.body.find("red-2"), std::string::npos);
  for (const char* wrong : {"red-", "red-11", "Red-1", "red-1 blue-2", "#", "# one for each team", "red-1,blue-2"}) {
    EXPECT_EQ(status_with(std::string("Bearer ") + wrong), 401) << wrong;
  }
}

TEST_F(Tokens, EverythingButOpenRoutesWantsOne) {
  start();
  for (const auto& request : {get("/nowhere"), post("/hello", "x"), get("/hold/%zz"), get("/large")}) {
    EXPECT_EQ(answer_to(request).status, 401) << request;
  }
  EXPECT_EQ(answer_to(get("/probe")).body, "alive");
  EXPECT_EQ(answer_to("HEAD /probe HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").status, 200);
  EXPECT_EQ(answer_to("DELETE /probe HTTP/1.1\r\nHost: h\r\n\r\n").status, 401);
}

TEST_F(Tokens, TheBodyOfARefusedRequestIsNotRead) {
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"));
  const auto answer = socket.answer();
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(socket.ended());
}

TEST_F(Tokens, AreAskedForAtEachRequestOfAConnection) {
  start();
  auto socket = connect();
  ASSERT_TRUE(socket.send(get("/hello", "Authorization: Bearer red-1\r\n") + get("/hello")));
  EXPECT_EQ(socket.answer()->status, 200);
  EXPECT_EQ(socket.answer()->status, 401);
}

TEST_F(Tokens, AreReplacedWhileConnectionsStay) {
  start();
  auto socket = connect();
  const std::string request = get("/hello", "Authorization: Bearer red-1\r\n");
  ASSERT_TRUE(socket.send(request));
  EXPECT_EQ(socket.answer()->status, 200);
  folder_.replace("tokens", "green-3\n");
  server_->reload();
  ASSERT_TRUE(socket.send(request));
  EXPECT_EQ(socket.answer()->status, 401);
  EXPECT_EQ(status_with("Bearer green-3"), 200);
}

TEST_F(Tokens, AChangeOfTheFileIsNoticedWithoutBeingTold) {
  start();
  folder_.replace("tokens", "green-3\n");
  const auto begin = std::chrono::steady_clock::now();
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() - begin < kPatience) status = status_with("Bearer green-3");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(status_with("Bearer red-1"), 401);
}

TEST_F(Tokens, AFileThatCannotBeUsedStopsTheStart) {
  options_.bearer_token_file = folder_ / "missing";
  const auto missing = http::Server::create(options_);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/missing: No such file"), std::string::npos) << missing.error().message;
  options_.bearer_token_file = folder_.write("empty", "# none yet\n\n");
  const auto empty = http::Server::create(options_);
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message.find("holds no token"), std::string::npos) << empty.error().message;
}

}  // namespace
}  // namespace hubferry::testing_http

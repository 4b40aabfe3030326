#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "component/http/client_fixture.h"

namespace hubferry::testing_http {
namespace {

class Failing : public ClientTest {
 protected:
  // A connection that has served one exchange.
  RawSocket kept_connection() {
    start();
    auto outcome = post("first");
    auto peer = listener_.accept();
    EXPECT_TRUE(peer.answer());
    EXPECT_TRUE(peer.send(ok("")));
    EXPECT_TRUE(result(outcome));
    return peer;
  }
};

TEST_F(Failing, ReportsARefusedConnection) {
  const auto port = listener_.port();
  listener_.close();
  start(port);
  for (int i = 0; i < 3; ++i) {
    auto outcome = post("event");
    const auto got = result(outcome);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(got.error().message.find("127.0.0.1:" + std::to_string(port)), std::string::npos) << got.error().message;
    EXPECT_NE(got.error().message.find("refused"), std::string::npos) << got.error().message;
  }
}

TEST_F(Failing, ReportsANameThatIsNotFound) {
  start(80, "no-such-host.invalid");
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 3; ++i) outcomes.push_back(post("event"));
  for (auto& outcome : outcomes) expect_error(outcome, ErrorCode::kUnavailable);
}

TEST_F(Failing, ReportsAConnectionThatIsNeverAccepted) {
  RawListener full(0);
  std::vector<RawSocket> fillers;  // take all places of the backlog
  for (int i = 0; i < 4; ++i) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(full.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    fillers.emplace_back(std::move(fd));
  }
  options_.connect_timeout = Milliseconds(50);
  start(full.port());
  auto outcome = post("event");
  expect_error(outcome, ErrorCode::kUnavailable);
}

TEST_F(Failing, ReportsAnAnswerThatDoesNotComeInTime) {
  start();
  auto silent = post("event", Milliseconds(50));
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  expect_error(silent, ErrorCode::kTimeout);
  EXPECT_TRUE(peer.ended());
  auto endless = post("event", Milliseconds(50));
  auto other = listener_.accept();
  ASSERT_TRUE(other.answer());
  ASSERT_TRUE(other.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
  expect_error(endless, ErrorCode::kTimeout);
}

TEST_F(Failing, ReportsABodyThatIsNotTakenInTime) {
  start();
  const std::string body(20 * 1024 * 1024, 'x');
  auto outcome = post(body, Milliseconds(50));
  auto peer = listener_.accept();
  expect_error(outcome, ErrorCode::kTimeout);
}

TEST_F(Failing, DoesNotCountTheWaitForAConnectionAsTheHandlersTime) {
  options_.max_connections = 1;
  start();
  auto first = post("1", Milliseconds(500));
  auto second = post("2", Milliseconds(500));
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  expect_error(first, ErrorCode::kTimeout);
  auto next = listener_.accept();
  ASSERT_EQ(next.answer()->body, "2");
  ASSERT_TRUE(next.send(ok("")));
  EXPECT_TRUE(result(second));
}

TEST_F(Failing, SendsOnceMoreWhenThePeerHadClosedTheKeptConnection) {
  auto peer = kept_connection();
  std::vector<Outcome> outcomes;
  // The request is read and then dropped, so that the client cannot see the end before it sends.
  outcomes.push_back(post("second"));
  ASSERT_EQ(peer.answer()->body, "second");
  peer.close();
  auto next = listener_.accept();
  ASSERT_EQ(next.answer()->body, "second");
  ASSERT_TRUE(next.send(ok("again")));
  EXPECT_EQ(result(outcomes[0])->body, "again");
}

TEST_F(Failing, SendsOnceMoreOnlyOnceAndOnlyBeforeTheAnswerBegan) {
  auto peer = kept_connection();
  auto outcome = post("second");
  ASSERT_TRUE(peer.answer());
  peer.reset();
  auto next = listener_.accept();
  ASSERT_TRUE(next.answer());
  next.close();
  expect_error(outcome, ErrorCode::kIo);

  auto third = post("third");
  auto kept = listener_.accept();
  ASSERT_TRUE(kept.answer());
  ASSERT_TRUE(kept.send(ok("")));
  ASSERT_TRUE(result(third));
  auto fourth = post("fourth");
  ASSERT_TRUE(kept.answer());
  ASSERT_TRUE(kept.send("H"));
  kept.close();
  expect_error(fourth, ErrorCode::kIo);
}

TEST_F(Failing, ReplacesAKeptConnectionThatClosedWhileIdle) {
  for (int round = 0; round < 20; ++round) {
    auto peer = kept_connection();
    peer.close();
    auto outcome = post("next");
    auto other = listener_.accept();
    ASSERT_EQ(other.answer()->body, "next");
    ASSERT_TRUE(other.send(ok("")));
    EXPECT_TRUE(result(outcome));
  }
}

TEST_F(Failing, DropsAKeptConnectionThatSpeaksUnasked) {
  auto peer = kept_connection();
  ASSERT_TRUE(peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(peer.ended());
  auto outcome = post("next");
  auto other = listener_.accept();
  ASSERT_TRUE(other.answer());
  ASSERT_TRUE(other.send(ok("")));
  EXPECT_EQ(result(outcome)->status, 200);
}

TEST_F(Failing, CallsDoneOnceForAllThatIsUnderWayWhenDestroyed) {
  options_.max_connections = 3;
  start();
  std::vector<Outcome> outcomes;  // set_value throws when called twice
  for (int i = 0; i < 20; ++i) outcomes.push_back(post("event"));
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  client_.reset();
  for (auto& outcome : outcomes) {
    ASSERT_EQ(outcome.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_EQ(outcome.get().error().code, ErrorCode::kClosed);
  }
}

TEST_F(Failing, CallsDoneOnceWhenDestroyedWhileConnectingByName) {
  start(9, "no-such-host.invalid");
  auto outcome = post("event");
  client_.reset();
  ASSERT_EQ(outcome.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_FALSE(outcome.get());
}

TEST_F(Failing, RefusesWhatDonePostsWhileTheClientIsDestroyed) {
  start();
  std::atomic<int> calls = 0;
  http::Client* client = client_.get();
  client->post({"", "event"}, [&, client](Result<http::ClientResponse> first) {
    EXPECT_EQ(first.error().code, ErrorCode::kClosed);
    ++calls;
    client->post({"", "event"}, [&](Result<http::ClientResponse> second) {
      EXPECT_EQ(second.error().code, ErrorCode::kClosed);
      ++calls;
    });
  });
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  client_.reset();
  EXPECT_EQ(calls, 2);
}

TEST_F(Failing, GivesEveryPostOneOutcomeWhateverThePeerDoes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  options_.max_connections = 4;
  start();
  constexpr int kPosts = 400;
  std::atomic<bool> over = false;
  std::vector<std::jthread> peers;
  for (unsigned i = 0; i < 4; ++i) {
    peers.emplace_back([&, i] {
      std::mt19937 random(seed + i);
      while (!over) {
        auto peer = listener_.accept();
        while (peer.connected() && peer.answer()) {
          const auto dice = random() % 10;
          const std::string answer = ok("fine");
          if (dice < 6) {
            peer.send(answer);
          } else if (dice == 6) {
            peer.send(answer.substr(0, random() % answer.size()));
            peer.close();
          } else if (dice == 7) {
            peer.send(answer);
            peer.close();
          } else if (dice == 8) {
            peer.reset();
          } else {
            peer.send("garbage\r\n\r\n");
          }
        }
      }
    });
  }
  std::vector<Outcome> outcomes;
  for (int i = 0; i < kPosts; ++i) outcomes.push_back(post("event"));
  int good = 0;
  for (auto& outcome : outcomes) {
    const auto got = result(outcome);
    good += got ? 1 : 0;
  }
  EXPECT_GT(good, kPosts / 10);
  over = true;
  client_.reset();
  for (std::size_t i = 0; i < peers.size(); ++i) RawSocket::connect(listener_.port());
}

}  // namespace
}  // namespace hubferry::testing_http

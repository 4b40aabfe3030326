#include <pthread.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "component/http/tls_peer.h"
#include "component/transfer/transfer_fixture.h"

namespace hubferry::transfer {
namespace {

using testing_http::Authority;
using testing_http::Folder;
using testing_http::TlsPeer;
using testing_http::TlsPeerContext;
using testing_http::Wish;

std::string http_answer(int status, const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " Text\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Post : public TransferTest {
 protected:
  Post() { start(); }

  std::string url(const std::string& path = "/hook", const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(listener_.port()) + path;
  }
};

TEST_F(Post, SendsTheBodyAndTellsTheAnswer) {
  const std::string body("{\"a\":\0 1}", 9);
  auto outcome = post({url("/hook/x?sig=secret"), {"Content-Type: application/json", "X-Empty:", "X-A: b"}, body});
  auto peer = listener_.accept();
  const auto request = peer.answer();
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->header.starts_with("POST /hook/x?sig=secret HTTP/1.1\r\n")) << request->header;
  EXPECT_TRUE(request->has("Content-Type: application/json")) << request->header;
  EXPECT_TRUE(request->has("X-Empty:")) << request->header;
  EXPECT_TRUE(request->has("X-A: b")) << request->header;
  EXPECT_TRUE(has(request->header, "\r\nUser-Agent: hubferry/")) << request->header;
  EXPECT_EQ(request->body, body);
  ASSERT_TRUE(peer.send(http_answer(202, "taken")));
  const auto got = result(outcome);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 202);
  EXPECT_EQ(got->body, "taken");
  EXPECT_FALSE(got->cut);
}

TEST_F(Post, AsksForNoPermissionAndGivesNoTypeOfItsOwn) {
  auto outcome = post({url(), {}, std::string(2'000'000, 'x')});
  auto peer = listener_.accept();
  const auto request = peer.answer();
  ASSERT_TRUE(request);
  EXPECT_FALSE(has(request->header, "Expect")) << request->header;
  EXPECT_FALSE(has(request->header, "Content-Type")) << request->header;
  EXPECT_EQ(request->body.size(), 2'000'000U);
  ASSERT_TRUE(peer.send(http_answer(200, "")));
  EXPECT_TRUE(result(outcome));
}

TEST_F(Post, KeepsNoConnection) {
  auto outcome = post({url(), {}, "x"});
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  ASSERT_TRUE(peer.send(http_answer(200, "")));
  ASSERT_TRUE(result(outcome));
  EXPECT_TRUE(peer.ended());
}

TEST_F(Post, CallsAnyStatusAnAnswer) {
  for (const int status : {204, 404, 500}) {
    auto outcome = post({url(), {}, "x"});
    auto peer = listener_.accept();
    ASSERT_TRUE(peer.answer());
    ASSERT_TRUE(peer.send(http_answer(status, "")));
    const auto got = result(outcome);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, status);
  }
}

TEST_F(Post, DoesNotFollowARedirect) {
  RawListener elsewhere;
  auto outcome = post({url(), {}, "x"});
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  const std::string location = "Location: http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/\r\n";
  ASSERT_TRUE(peer.send(http_answer(307, "gone", location)));
  const auto got = result(outcome);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 307);
  EXPECT_EQ(got->body, "gone");
}

TEST_F(Post, CutsTheAnswerAtTheBound) {
  auto whole = post({url(), {}, "x"});
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  ASSERT_TRUE(peer.send(http_answer(200, std::string(kMaxAnswerBytes, 'y'))));
  auto got = result(whole);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body.size(), kMaxAnswerBytes);
  EXPECT_FALSE(got->cut);

  auto endless = post({url(), {}, "x"});
  auto other = listener_.accept();
  ASSERT_TRUE(other.answer());
  ASSERT_TRUE(other.send("HTTP/1.1 200 OK\r\n\r\n"));
  while (other.send(std::string(10'000, 'z'))) {
  }
  got = result(endless);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->body, std::string(kMaxAnswerBytes, 'z'));
  EXPECT_TRUE(got->cut);
}

TEST_F(Post, RefusesWhatIsNoWebUrl) {
  using enum Disposition;
  EXPECT_TRUE(has(refusal(post({"file:///etc/passwd?secret", {}, ""}), ErrorCode::kInvalid, kReject), "neither http"));
  EXPECT_TRUE(has(refusal(post({"gopher://h/?secret", {}, ""}), ErrorCode::kInvalid, kReject), "neither http"));
  refusal(post({"https://user:secret@/x", {}, ""}), ErrorCode::kInvalid, kReject);
  refusal(post({"secret", {}, ""}), ErrorCode::kInvalid, kReject);
}

TEST_F(Post, RefusesHeadersThatCouldCarryMore) {
  for (const char* header :
       {"secret", "X: secret\r\nY: z", "X: secret\n", ": secret", "X Y: secret", "X\r\n: secret", ""}) {
    EXPECT_TRUE(
        has(refusal(post({url(), {"A: b", header}, ""}), ErrorCode::kInvalid, Disposition::kReject), "header 2"))
        << header;
  }
}

TEST_F(Post, ReportsARefusedConnection) {
  const std::string port = std::to_string(refusing_port());
  const std::string message = refusal(post({"http://user:secret@127.0.0.1:" + port + "/a/secret?sig=secret", {}, ""}),
                                      ErrorCode::kUnavailable, Disposition::kRetry);
  EXPECT_TRUE(message.starts_with("POST http://127.0.0.1:" + port + "/a/...: ")) << message;
  EXPECT_TRUE(has(message, "Connection refused")) << message;
}

TEST_F(Post, ReportsANameThatIsNotFound) {
  EXPECT_TRUE(
      has(refusal(post({"http://no-such-host.invalid/?secret", {}, ""}), ErrorCode::kUnavailable, Disposition::kRetry),
          "DNS"));
}

TEST_F(Post, ReportsAnAnswerThatDoesNotComeInTime) {
  auto silent = post({url("/?secret"), {}, "x", Milliseconds(50)});
  auto peer = listener_.accept();
  EXPECT_TRUE(has(refusal(std::move(silent), ErrorCode::kTimeout, Disposition::kRetry), "no answer within 50 ms"));
  auto endless = post({url("/?secret"), {}, "x", Milliseconds(50)});
  auto other = listener_.accept();
  ASSERT_TRUE(other.answer());
  ASSERT_TRUE(other.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_TRUE(has(refusal(std::move(endless), ErrorCode::kTimeout, Disposition::kRetry), "within 50 ms"));
  refusal(post({url(), {}, "x", Milliseconds(0)}), ErrorCode::kTimeout, Disposition::kRetry);
  refusal(post({url(), {}, "x", Milliseconds(-1)}), ErrorCode::kTimeout, Disposition::kRetry);
}

TEST_F(Post, ReportsAConnectionThatBreaks) {
  auto silent = post({url(), {}, "x"});
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  peer.close();
  refusal(std::move(silent), ErrorCode::kIo, Disposition::kRetry);
  auto partial = post({url(), {}, "x"});
  auto other = listener_.accept();
  ASSERT_TRUE(other.answer());
  ASSERT_TRUE(other.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
  other.close();
  refusal(std::move(partial), ErrorCode::kIo, Disposition::kRetry);
}

TEST_F(Post, ReportsAnAnswerThatIsNoHttp) {
  auto outcome = post({url(), {}, "x"});
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  ASSERT_TRUE(peer.send("220 mail.example ESMTP\r\n"));
  peer.close();
  refusal(std::move(outcome), ErrorCode::kInvalid, Disposition::kRetry);
}

TEST_F(Post, GoesThroughTheProxyOfTheEnvironment) {
  ::setenv("http_proxy", ("http://user:secret@127.0.0.1:" + std::to_string(listener_.port())).c_str(), 1);
  auto outcome = post({"http://no-such-host.invalid/hook", {}, "x"});
  auto proxy = listener_.accept();
  const auto request = proxy.answer();
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->header.starts_with("POST http://no-such-host.invalid/hook HTTP/1.1\r\n")) << request->header;
  ASSERT_TRUE(proxy.send(http_answer(200, "")));
  EXPECT_TRUE(result(outcome));

  ::setenv("http_proxy", "nonsense://user:secret@127.0.0.1:1", 1);
  auto refused = post({"http://no-such-host.invalid/hook", {}, "x"});
  const auto got = result(refused);
  ASSERT_FALSE(got);
  EXPECT_FALSE(has(got.error().message, "secret")) << got.error().message;
  ::unsetenv("http_proxy");
}

TEST_F(Post, HasManyUnderWayAndTheOthersWait) {
  std::vector<Outcome<HttpAnswer>> outcomes;
  std::vector<RawSocket> peers;
  for (int i = 0; i < 20; ++i) outcomes.push_back(post({url(), {}, "x"}));
  for (int i = 0; i < 16; ++i) {
    peers.push_back(listener_.accept());
    ASSERT_TRUE(peers.back().answer()) << i;
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(peers[static_cast<std::size_t>(i)].send(http_answer(200, ""))) << i;
    if (i + 16 >= 20) continue;
    peers.push_back(listener_.accept());
    ASSERT_TRUE(peers.back().answer()) << i;
  }
  for (auto& outcome : outcomes) EXPECT_TRUE(result(outcome));
}

TEST_F(Post, ClosesWhatIsUnderWayAndWhatWaits) {
  std::vector<Outcome<HttpAnswer>> outcomes;
  for (int i = 0; i < 20; ++i) outcomes.push_back(post({url("/?secret"), {}, "x", Milliseconds(60'000)}));
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.answer());
  transfer_.reset();
  for (auto& outcome : outcomes) refusal(std::move(outcome), ErrorCode::kClosed, Disposition::kRetry);
}

TEST_F(Post, ClosesWhatACallbackAddsWhileItCloses) {
  std::promise<ErrorCode> second;
  std::promise<ErrorCode> mail;
  Transfer* const transfer = transfer_.release();  // callbacks use it while it goes
  transfer->post({url(), {}, "x"}, [&](const Result<HttpAnswer>&) {
    transfer->post({url(), {}, "y"}, [&](const Result<HttpAnswer>& answer) { second.set_value(answer.error().code); });
    transfer->send({}, [&](const Status& status) { mail.set_value(status.error().code); });
  });
  ASSERT_TRUE(listener_.accept().connected());
  delete transfer;
  EXPECT_EQ(second.get_future().get(), ErrorCode::kClosed);
  EXPECT_EQ(mail.get_future().get(), ErrorCode::kClosed);
}

TEST_F(Post, TellsOnItsOwnThreadWhichABrokenPipeDoesNotKill) {
  std::promise<std::string> name;
  bool blocked = false;
  transfer_->post({"nonsense", {}, ""}, [&](const Result<HttpAnswer>&) {
    sigset_t signals;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &signals);
    blocked = ::sigismember(&signals, SIGPIPE) == 1;
    char text[16] = "";
    ::pthread_getname_np(::pthread_self(), text, sizeof text);
    name.set_value(text);
  });
  EXPECT_EQ(name.get_future().get(), "transfer-http");
  EXPECT_TRUE(blocked);
}

TEST_F(Post, TakesPostsOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::atomic<int> told = 0;
  std::promise<void> all_told;
  std::vector<std::thread> threads;
  const std::string refused = "http://127.0.0.1:" + std::to_string(refusing_port());
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kEach; ++k) {
        transfer_->post({refused, {}, "x"}, [&](const Result<HttpAnswer>&) {
          if (++told == kThreads * kEach) all_told.set_value();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(all_told.get_future().wait_for(kPatience), std::future_status::ready);
}

class TlsPost : public Post {
 protected:
  TlsPost() {
    std::signal(SIGPIPE, SIG_IGN);  // the test's own peers write with OpenSSL
    options_.ca_file = folder_.write("ca.pem", authority_.pem());
  }

  std::string url() const { return "https://localhost:" + std::to_string(listener_.port()) + "/hook?sig=secret"; }
  // The outcome of a post to a server with the certificate, which answers if the client goes on.
  Outcome<HttpAnswer> exchange(const testing_http::Identity& identity, int version = TLS1_3_VERSION) {
    start();
    auto outcome = post({url(), {}, "x"});
    const TlsPeerContext context(identity, version);
    TlsPeer peer(listener_.accept(), context);
    if (peer.established() && peer.answer()) peer.send(http_answer(200, "trusted"));
    return outcome;
  }

  Authority authority_;
  Folder folder_;
};

TEST_F(TlsPost, TalksToAServerThatItTrusts) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto outcome = exchange(authority_.issue(), version);
    const auto got = result(outcome);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, "trusted");
  }
}

TEST_F(TlsPost, RefusesACertificateOfSomebodyElse) {
  const std::string message =
      refusal(exchange(Authority("somebody else").issue()), ErrorCode::kUnavailable, Disposition::kReject);
  EXPECT_TRUE(has(message, options_.ca_file.string())) << message;
  options_.ca_file.clear();
  const std::string other = refusal(exchange(authority_.issue()), ErrorCode::kUnavailable, Disposition::kReject);
  EXPECT_TRUE(has(other, "the system's authorities")) << other;
}

TEST_F(TlsPost, RefusesACertificateForAnotherName) {
  Wish wish;
  wish.names = "DNS:elsewhere.example";
  const std::string message = refusal(exchange(authority_.issue(wish)), ErrorCode::kUnavailable, Disposition::kReject);
  EXPECT_TRUE(has(message, "localhost")) << message;
}

TEST_F(TlsPost, BelievesTheFileAsItIsNow) {
  folder_.write("ca.pem", Authority("old").pem());
  start();
  const TlsPeerContext context(authority_.issue());
  auto outcome = post({url(), {}, "x"});
  EXPECT_FALSE(TlsPeer(listener_.accept(), context).answer());
  refusal(std::move(outcome), ErrorCode::kUnavailable, Disposition::kReject);

  folder_.replace("ca.pem", authority_.pem());
  outcome = post({url(), {}, "x"});
  TlsPeer peer(listener_.accept(), context);
  ASSERT_TRUE(peer.answer());
  ASSERT_TRUE(peer.send(http_answer(200, "")));
  EXPECT_TRUE(result(outcome));

  folder_.replace("ca.pem", "nothing");
  const std::string message = refusal(post({url(), {}, "x"}), ErrorCode::kInvalid, Disposition::kReject);
  EXPECT_TRUE(has(message, "ca.pem")) << message;
}

TEST_F(TlsPost, NamesTheFileThatCannotBeUsed) {
  options_.ca_file = folder_ / "missing";
  auto made = Transfer::create(options_);
  ASSERT_FALSE(made);
  EXPECT_TRUE(has(made.error().message, "missing: No such file")) << made.error().message;
  options_.ca_file = folder_.write("text", "text");
  made = Transfer::create(options_);
  ASSERT_FALSE(made);
  EXPECT_TRUE(has(made.error().message, "holds no PEM certificate")) << made.error().message;
}

}  // namespace
}  // namespace hubferry::transfer

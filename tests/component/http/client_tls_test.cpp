#include <optional>
#include <vector>

#include "component/http/client_fixture.h"
#include "component/http/tls_peer.h"
#include "http/server.h"

namespace hubferry::testing_http {
namespace {

// A client with a CA of the test's own, and a peer that the test plays itself.
class ClientTls : public ClientTest {
 protected:
  ClientTls() { options_.tls_ca_file = folder_.write("ca.pem", authority_.pem()); }

  void start_tls(const std::string& host = "localhost") { start(listener_.port(), host, "https"); }

  TlsPeer accept(const TlsPeerContext& context) { return TlsPeer(listener_.accept(), context); }
  TlsPeer accept() { return accept(good_); }

  // Why a post fails when the server is `identity`.
  std::string refused(const Identity& identity, const std::string& host = "localhost") {
    start_tls(host);
    auto outcome = post("event");
    auto peer = accept(TlsPeerContext(identity));
    return unavailable(outcome);
  }
  static std::string unavailable(Outcome& outcome) {
    const auto got = result(outcome);
    EXPECT_FALSE(got);
    if (got) return "none";
    EXPECT_EQ(got.error().code, ErrorCode::kUnavailable) << got.error().message;
    return got.error().message;
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  Folder folder_;
  Authority authority_;
  TlsPeerContext good_{authority_.issue()};
};

TEST_F(ClientTls, PostsAndKeepsTheConnection) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    start_tls();
    auto first = post("first");
    auto peer = accept(TlsPeerContext(authority_.issue(), version));
    ASSERT_TRUE(peer.established());
    const auto request = peer.answer();
    EXPECT_EQ(request->body, "first");
    EXPECT_TRUE(request->has("Host: localhost:" + std::to_string(listener_.port())));
    ASSERT_TRUE(peer.send(ok("1")));
    ASSERT_EQ(result(first)->body, "1");
    for (int i = 0; i < 3; ++i) {
      auto next = post("next");
      EXPECT_EQ(peer.answer()->body, "next");
      ASSERT_TRUE(peer.send(ok("2")));
      ASSERT_EQ(result(next)->body, "2");
    }
    client_.reset();
    EXPECT_TRUE(peer.ended());
    EXPECT_TRUE(peer.ended_properly());
  }
}

TEST_F(ClientTls, CarriesLargeBodiesBothWaysCutAnywhere) {
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 % 251);
  options_.max_response_bytes = body.size();
  start_tls();
  auto outcome = post(body);
  auto peer = accept();
  EXPECT_TRUE(peer.answer()->body == body);
  ASSERT_TRUE(peer.send(ok(body)));
  EXPECT_TRUE(result(outcome)->body == body);
  auto next = post("next");
  ASSERT_TRUE(peer.answer());
  for (const char c : ok("in pieces")) ASSERT_TRUE(peer.send(std::string_view(&c, 1)));
  EXPECT_EQ(result(next)->body, "in pieces");
}

TEST_F(ClientTls, WorksWithTheServer) {
  const Identity identity = authority_.issue();
  http::ServerOptions options{.listen = "127.0.0.1:0"};
  options.tls_certificate_file = folder_.write("server.pem", identity.certificate);
  options.tls_key_file = folder_.write("server.key", identity.key);
  auto server = http::Server::create(options);
  ASSERT_TRUE(server) << server.error().message;
  (*server)->route("POST", "/events", [](const http::Request& request, http::Responder respond) {
    respond({200, "text/plain", std::string(request.body()), {}});
  });
  ASSERT_TRUE((*server)->start());
  start((*server)->port(), "127.0.0.1", "https");
  std::vector<std::string> bodies;
  for (int i = 0; i < 2'000; ++i) bodies.push_back(std::to_string(i));
  std::vector<Outcome> outcomes;
  for (const auto& body : bodies) outcomes.push_back(post(body));
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const auto response = result(outcomes[i]);
    ASSERT_TRUE(response) << response.error().message;
    ASSERT_EQ(response->body, bodies[i]);
  }
}

TEST_F(ClientTls, AsksForTheHostByNameButNotForAnAddress) {
  start_tls("localhost");
  auto by_name = post("event");
  EXPECT_EQ(accept().asked_for(), "localhost");
  start_tls("127.0.0.1");
  auto by_address = post("event");
  auto peer = accept();
  EXPECT_TRUE(peer.established());
  EXPECT_EQ(peer.asked_for(), "");
}

TEST_F(ClientTls, TakesOnlyACertificateForTheHost) {
  Wish other;
  other.names = "DNS:other.example,IP:127.0.0.2";
  EXPECT_TRUE(has(refused(authority_.issue(other)), "hostname mismatch"));
  EXPECT_TRUE(has(refused(authority_.issue(other), "127.0.0.1"), "IP address mismatch"));
  Wish name_only;
  name_only.names = "DNS:localhost";
  EXPECT_TRUE(has(refused(authority_.issue(name_only), "127.0.0.1"), "IP address mismatch"));
  Wish by_common_name;
  by_common_name.names = "DNS:other.example";
  EXPECT_TRUE(has(refused(authority_.issue(by_common_name)), "hostname mismatch"));
}

TEST_F(ClientTls, TakesOnlyAServersCertificateThatIsValidNow) {
  Wish expired;
  expired.valid_from = -7'200;
  expired.valid_until = -3'600;
  EXPECT_TRUE(has(refused(authority_.issue(expired)), "certificate has expired"));
  Wish early;
  early.valid_from = 1'800;
  EXPECT_TRUE(has(refused(authority_.issue(early)), "not yet valid"));
  Wish of_a_client;
  of_a_client.use = "clientAuth";
  EXPECT_TRUE(has(refused(authority_.issue(of_a_client)), "unsuitable certificate purpose"));
}

TEST_F(ClientTls, NamesTheAuthoritiesThatDidNotIssueTheCertificate) {
  const Authority stranger("stranger");
  std::string reason = refused(stranger.issue());
  EXPECT_TRUE(has(reason, "cannot connect to localhost:" + std::to_string(listener_.port()))) << reason;
  EXPECT_TRUE(has(reason, "certificate verify failed: unable to get local issuer certificate")) << reason;
  EXPECT_TRUE(has(reason, "ca.pem")) << reason;
  options_.tls_ca_file.clear();
  reason = refused(authority_.issue());
  EXPECT_TRUE(has(reason, "verify failed")) << reason;
  EXPECT_TRUE(has(reason, "the system's")) << reason;
}

TEST_F(ClientTls, SpeaksNothingOlderThan12) {
  start_tls();
  auto outcome = post("event");
  EXPECT_FALSE(accept(TlsPeerContext(authority_.issue(), TLS1_1_VERSION)).established());
  EXPECT_TRUE(has(unavailable(outcome), "TLS handshake failed"));
}

TEST_F(ClientTls, ShowsItsCertificate) {
  const Authority clients("clients");
  Wish wish;
  wish.name = "the daemon";
  wish.use = "clientAuth";
  const Identity own = clients.issue(wish);
  options_.tls_certificate_file = folder_.write("own.pem", own.certificate);
  options_.tls_key_file = folder_.write("own.key", own.key);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    start_tls();
    auto outcome = post("event");
    auto peer = accept(TlsPeerContext(authority_.issue(), version, clients.pem()));
    EXPECT_EQ(peer.common_name(), "the daemon");
    ASSERT_TRUE(peer.answer());
    ASSERT_TRUE(peer.send(ok("")));
    EXPECT_TRUE(result(outcome));
  }
}

// With TLS 1.3 the refusal comes after the client's handshake, when the request is on its way.
TEST_F(ClientTls, ARefusedClientCertificateMeansThatNothingWasTried) {
  const Authority clients("clients");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    start_tls();
    auto outcome = post("event");
    EXPECT_FALSE(accept(TlsPeerContext(authority_.issue(), version, clients.pem())).established());
    const std::string reason = unavailable(outcome);
    EXPECT_TRUE(has(reason, "alert")) << reason;
  }
}

TEST_F(ClientTls, ResumesTheSession) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsPeerContext context(authority_.issue(), version);
    start_tls();
    for (int i = 0; i < 3; ++i) {
      auto outcome = post("event");
      auto peer = accept(context);
      ASSERT_TRUE(peer.established());
      EXPECT_EQ(peer.resumed(), i > 0) << version;
      ASSERT_TRUE(peer.answer());
      ASSERT_TRUE(peer.send(ok("", "Connection: close\r\n")));
      ASSERT_TRUE(result(outcome));
    }
  }
}

TEST_F(ClientTls, AHandshakeThatStallsIsNoConnection) {
  options_.connect_timeout = Milliseconds(50);
  start_tls();
  auto outcome = post("event");
  auto silent = listener_.accept();
  EXPECT_TRUE(has(unavailable(outcome), "TLS handshake did not end in time"));
  auto closing = post("event");
  listener_.accept().close();
  const auto got = result(closing);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::kUnavailable) << got.error().message;
}

TEST_F(ClientTls, SaysWhenThePeerDoesNotSpeakTls) {
  start_tls();
  auto outcome = post("event");
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(has(unavailable(outcome), "does not speak TLS"));
}

TEST_F(ClientTls, SendsOnceMoreWhenThePeerHadEndedTheKeptConnection) {
  start_tls();
  auto first = post("first");
  std::optional<TlsPeer> peer(accept());
  ASSERT_TRUE(peer->answer());
  ASSERT_TRUE(peer->send(ok("")));
  ASSERT_TRUE(result(first));
  auto second = post("second");
  ASSERT_TRUE(peer->answer());
  peer->finish();
  peer.reset();
  auto next = accept();
  EXPECT_EQ(next.answer()->body, "second");
  next.close();  // within the exchange, on a new connection
  expect_error(second, ErrorCode::kIo);
}

TEST_F(ClientTls, NamesTheFileThatCannotBeUsed) {
  const Identity own = authority_.issue();
  const auto error = [&](const std::string& ca, const std::string& certificate, const std::string& key) {
    http::ClientOptions options;
    options.tls_ca_file = ca == "missing" ? folder_ / "missing" : folder_.write("ca.pem", ca);
    options.tls_certificate_file = folder_.write("own.pem", certificate);
    options.tls_key_file = folder_.write("own.key", key);
    const auto client = http::Client::create(*http::parse_url("https://h/"), options);
    return client ? "none" : client.error().message;
  };
  const std::string ca = authority_.pem();
  EXPECT_EQ(error(ca, own.certificate, own.key), "none");
  EXPECT_TRUE(has(error("missing", own.certificate, own.key), "missing: No such file"));
  EXPECT_TRUE(has(error("text", own.certificate, own.key), "ca.pem: holds no PEM certificate"));
  EXPECT_TRUE(has(error("", own.certificate, own.key), "ca.pem: is empty"));
  EXPECT_TRUE(has(error(ca, "text", own.key), "own.pem: holds no PEM certificate"));
  EXPECT_TRUE(has(error(ca, own.certificate, authority_.issue().key), "own.key: does not belong"));
}

}  // namespace
}  // namespace hubferry::testing_http

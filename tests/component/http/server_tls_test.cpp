#include <future>

#include "component/http/server_fixture.h"
#include "component/http/tls_socket.h"

namespace hubferry::testing_http {
namespace {

class Tls : public ServerTest {
 protected:
  Tls() { identify(authority_.issue()); }

  void identify(const Identity& identity) {
    options_.tls_certificate_file = folder_.write("server.pem", identity.certificate);
    options_.tls_key_file = folder_.write("server.key", identity.key);
  }
  void ask_for_certificates() { options_.tls_client_ca_file = folder_.write("clients.pem", clients_.pem()); }

  TlsSocket secure(const Identity& own = {}, int most_version = TLS1_3_VERSION) {
    return TlsSocket(connect(), {authority_.pem(), own, most_version});
  }

  // Whether the client gets an answer; the error it sees otherwise.
  std::string error_of(TlsSocket socket) {
    if (!socket.established()) return socket.error().empty() ? "no handshake" : socket.error();
    socket.send(get("/hello"));
    return socket.answer() ? "" : "no answer: " + socket.error();
  }
  static Wish client_wish(const std::string& name = "client") {
    Wish wish;
    wish.name = name;
    wish.use = "clientAuth";
    return wish;
  }

  Folder folder_;
  Authority authority_;
  Authority clients_{"client authority"};
};

TEST_F(Tls, ServesRequestsOverOneConnection) {
  start();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    auto socket = secure({}, version);
    ASSERT_TRUE(socket.established()) << socket.error();
    EXPECT_EQ(socket.version(), version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(socket.send(post("/echo", "body " + std::to_string(i))));
      EXPECT_EQ(socket.answer()->body, "body " + std::to_string(i));
    }
  }
}

TEST_F(Tls, AnswersPipelinedRequestsInOrder) {
  start();
  auto socket = secure();
  std::string all;
  for (int i = 0; i < 500; ++i) all += post("/echo", std::to_string(i));
  auto sent = std::async(std::launch::async, [&] { return socket.send(all); });
  ASSERT_TRUE(sent.get());
  for (int i = 0; i < 500; ++i) ASSERT_EQ(socket.answer()->body, std::to_string(i));
}

TEST_F(Tls, CarriesLargeBodiesBothWays) {
  start();
  auto socket = secure();
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 % 251);
  ASSERT_TRUE(socket.send(post("/echo", body)));
  EXPECT_TRUE(socket.answer()->body == body);
  ASSERT_TRUE(socket.send(get("/large")));
  EXPECT_EQ(socket.answer()->body.size(), large_);
  ASSERT_TRUE(
      socket.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(socket.answer()->body, "hello");
}

TEST_F(Tls, AnswersFromOtherThreads) {
  start();
  auto socket = secure();
  ASSERT_TRUE(socket.send(post("/hold/a", "x")));
  auto held = holder_.next();
  ASSERT_TRUE(held);
  held->responder(text_response("later"));
  EXPECT_EQ(socket.answer()->body, "later");
}

TEST_F(Tls, EndsTheStreamProperly) {
  start();
  auto socket = secure();
  ASSERT_TRUE(socket.send(get("/hello", "Connection: close\r\n")));
  ASSERT_TRUE(socket.answer());
  EXPECT_TRUE(socket.ended());
  EXPECT_TRUE(socket.ended_properly());
}

TEST_F(Tls, LetsAClientReadThe413WhileItStillSends) {
  options_.max_body_bytes = 10;
  start();
  auto socket = secure();
  const int small = 16 * 1024;  // so that the server must take what is sent
  ASSERT_EQ(::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  ASSERT_TRUE(socket.send(post("/echo", std::string(900'000, 'x'))));
  EXPECT_EQ(socket.answer()->status, 413);
  EXPECT_TRUE(socket.ended());
  EXPECT_TRUE(socket.ended_properly());
}

TEST_F(Tls, SpeaksNothingOlderThan12) {
  start();
  EXPECT_NE(error_of(secure({}, TLS1_1_VERSION)), "");
}

TEST_F(Tls, DoesNotAnswerPlainHttpAndServesTheNext) {
  start();
  auto plain = connect();
  ASSERT_TRUE(plain.send(get("/hello")));
  EXPECT_EQ(plain.rest().find("HTTP/1.1 200"), std::string::npos);
  EXPECT_EQ(error_of(secure()), "");
}

TEST_F(Tls, LetsAClientReadWhyItsHandshakeFailedThoughItStillSends) {
  start();
  auto socket = connect();
  const int small = 16 * 1024;  // so that the server must take what is sent
  ASSERT_EQ(::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  ASSERT_TRUE(socket.send(std::string("\x16\x03\x01\x00\x04", 5) + std::string(900'000, 'x')));
  const auto alert = socket.bytes(7);
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert->front(), '\x15');
}

TEST_F(Tls, ShowsACertificateThatStrangersRefuse) {
  start();
  const Authority other("other authority");
  EXPECT_EQ(error_of(TlsSocket(connect(), {other.pem(), {}})), "certificate verify failed");
}

TEST_F(Tls, SendsTheWholeChain) {
  const Identity leaf = authority_.issue();
  identify({leaf.certificate + authority_.pem(), leaf.key});
  start();
  auto socket = secure();
  EXPECT_TRUE(socket.established()) << socket.error();
  EXPECT_EQ(socket.chain_length(), 2);
}

TEST_F(Tls, ServesClientsWithACertificateOfTheAuthority) {
  ask_for_certificates();
  start();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    EXPECT_EQ(error_of(secure(clients_.issue(client_wish()), version)), "");
  }
}

TEST_F(Tls, RefusesClientsWithoutAGoodCertificateInTheHandshake) {
  ask_for_certificates();
  start();
  const Authority stranger("stranger");
  Wish expired = client_wish();
  expired.valid_from = -7'200;
  expired.valid_until = -3'600;
  Wish early = client_wish();
  early.valid_from = 1'800;
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    EXPECT_NE(error_of(secure({}, version)).find("alert"), std::string::npos) << "none";
    EXPECT_NE(error_of(secure(stranger.issue(client_wish()), version)).find("alert unknown ca"), std::string::npos);
    EXPECT_NE(error_of(secure(clients_.issue(expired), version)).find("alert certificate expired"), std::string::npos);
    EXPECT_NE(error_of(secure(clients_.issue(early), version)), "") << "not valid yet";
    EXPECT_NE(error_of(secure(clients_.issue(), version)), "") << "a server's certificate";
  }
  EXPECT_EQ(error_of(secure(clients_.issue(client_wish()))), "");
}

TEST_F(Tls, TakesANewCertificateForNewConnections) {
  start();
  auto before = secure();
  ASSERT_TRUE(before.send(get("/hello")));
  ASSERT_TRUE(before.answer());
  EXPECT_EQ(before.common_name(), "localhost");
  Wish wish;
  wish.name = "renewed";
  const Identity renewed = authority_.issue(wish);
  folder_.replace("server.pem", renewed.certificate);
  server_->reload();  // in between the files do not belong together: the old ones stay
  EXPECT_EQ(secure().common_name(), "localhost");
  folder_.replace("server.key", renewed.key);
  server_->reload();
  EXPECT_EQ(secure().common_name(), "renewed");
  ASSERT_TRUE(before.send(get("/hello")));
  EXPECT_EQ(before.answer()->status, 200);
}

TEST_F(Tls, HandshakesThatStallEndAndDoNotDelayOthers) {
  options_.header_timeout = Milliseconds(100);
  start();
  std::vector<RawSocket> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(connect());
    ASSERT_TRUE(silent.back().send(std::string("\x16\x03\x01\x02\x00", 5)));  // a record's header, never its rest
  }
  EXPECT_EQ(error_of(secure()), "");
  for (auto& socket : silent) EXPECT_TRUE(socket.ended());
  server_->stop(kPatience);  // ends at once: nothing is counted as under way
}

TEST_F(Tls, EndsSlowHeadersAndIdleConnections) {
  options_.header_timeout = options_.idle_timeout = Milliseconds(100);
  start();
  auto idle = secure();
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(idle.ended_properly());
  auto slow = secure();
  ASSERT_TRUE(slow.send("GET /hello HTTP/1.1\r\nX: "));
  EXPECT_EQ(slow.answer()->status, 408);
  EXPECT_TRUE(slow.ended());
}

TEST_F(Tls, EndsAClientThatDoesNotReadItsAnswer) {
  options_.body_timeout = Milliseconds(100);
  large_ = 64 * 1024 * 1024;
  start();
  auto socket = secure();
  ASSERT_TRUE(socket.send(get("/large")));
  ASSERT_TRUE(socket.read_more());
  auto stopped = std::async(std::launch::async, [&] { server_->stop(Milliseconds(60'000)); });
  EXPECT_EQ(stopped.wait_for(kPatience), std::future_status::ready);
}

TEST_F(Tls, SurvivesClientsThatResetAnywhere) {
  start();
  for (int i = 0; i < 20; ++i) {
    auto during_handshake = connect();
    during_handshake.send(std::string("\x16\x03\x01", 3));
    during_handshake.reset();
    auto socket = secure();
    socket.send(i % 2 == 0 ? get("/large") : post("/hold/a", "x"));
    if (i % 2 == 1) {
      auto held = holder_.next();
      ASSERT_TRUE(held);
      socket.reset();
      held->responder(text_response(std::string(4'000'000, 'x')));
    } else {
      socket.reset();
    }
  }
  EXPECT_EQ(error_of(secure()), "");
}

TEST_F(Tls, StopsWithHandshakesUnderWay) {
  start();
  auto silent = connect();
  EXPECT_EQ(error_of(secure()), "");  // so the silent one is inside
  server_->stop(kPatience);
  EXPECT_TRUE(silent.ended());
}

TEST_F(Tls, FilesThatCannotBeUsedAreNamedAtTheStart) {
  const Identity good = authority_.issue();
  const auto error = [&](const std::string& certificate, const std::string& key, const std::string& ca = "unset") {
    options_.tls_certificate_file =
        certificate == "missing" ? folder_ / "missing" : folder_.write("c.pem", certificate);
    options_.tls_key_file = key == "missing" ? folder_ / "missing" : folder_.write("k.pem", key);
    options_.tls_client_ca_file = ca == "unset" ? std::filesystem::path() : folder_.write("a.pem", ca);
    const auto server = http::Server::create(options_);
    return server ? "none" : server.error().message;
  };
  const auto has = [](const std::string& text, const char* a, const char* b) {
    return text.find(a) != std::string::npos && text.find(b) != std::string::npos;
  };
  EXPECT_EQ(error(good.certificate, good.key), "none");
  std::string message;
  EXPECT_TRUE(has(message = error("missing", good.key), "/missing", "No such file")) << message;
  EXPECT_TRUE(has(message = error(good.certificate, "missing"), "/missing", "No such file")) << message;
  EXPECT_TRUE(has(message = error("text", good.key), "c.pem", "no PEM certificate")) << message;
  EXPECT_TRUE(has(message = error(good.certificate, "text"), "k.pem", "no PEM private key")) << message;
  EXPECT_TRUE(has(message = error(good.certificate, good.certificate), "k.pem", "no PEM private key")) << message;
  EXPECT_TRUE(has(message = error(good.certificate, authority_.issue().key), "k.pem", "does not belong")) << message;
  EXPECT_TRUE(has(message = error(good.certificate, good.key, "text"), "a.pem", "no PEM certificate")) << message;
  EXPECT_TRUE(has(message = error(good.certificate, good.key, ""), "a.pem", "is empty")) << message;
  std::string damaged = good.certificate;
  damaged.replace(damaged.size() / 2, 4, "!!!!");
  EXPECT_TRUE(has(message = error(damaged, good.key), "c.pem", "damaged")) << message;
}

}  // namespace
}  // namespace hubferry::testing_http

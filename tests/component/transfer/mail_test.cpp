#include <optional>
#include <vector>

#include "base/base64.h"
#include "component/transfer/smtp_server.h"
#include "component/transfer/transfer_fixture.h"

namespace hubferry::transfer {
namespace {

using testing_http::Authority;
using testing_http::Folder;
using enum ErrorCode;
using enum Disposition;

class MailTest : public TransferTest {
 protected:
  MailTest() {
    options_.ca_file = folder_.write("ca.pem", authority_.pem());
    start();
  }

  // Starts the real server.
  void serve(std::vector<std::string> arguments = {}) {
    server_.emplace(std::move(arguments));
    ASSERT_NE(server_->port(), 0) << "python3-aiosmtpd is needed";
  }
  // The same with a certificate of the authority.
  void serve_tls(std::vector<std::string> arguments = {}, const testing_http::Wish& wish = {}) {
    const auto identity = authority_.issue(wish);
    arguments.insert(arguments.begin(), {"--certificate", folder_.write("own.pem", identity.certificate), "--key",
                                         folder_.write("own.key", identity.key)});
    serve(std::move(arguments));
  }

  // To the real server, or to the one the test plays.
  Mail a_mail(const std::string& text = "text", const std::string& scheme = "smtp") const {
    const std::uint16_t port = server_ ? server_->port() : listener_.port();
    Mail mail;
    mail.server = scheme + "://localhost:" + std::to_string(port);
    mail.from = "hubferry@example.org";
    mail.to = {"a@example.org", "b@example.org"};
    mail.subject = "Größe";
    mail.text = text;
    mail.require_tls = false;
    return mail;
  }
  Mail a_mail_with_login(const std::string& scheme = "smtp") const {
    Mail mail = a_mail("text", scheme);
    mail.user = "user";
    mail.password = "pass secret word";
    mail.require_tls = true;
    return mail;
  }

  static void expect_line(RawSocket& peer, const std::string& start, const std::string& answer) {
    std::string line;
    while (!line.ends_with("\r\n")) {
      const auto byte = peer.bytes(1);
      ASSERT_TRUE(byte) << "instead of " << start << ": " << line;
      line += *byte;
    }
    ASSERT_TRUE(line.starts_with(start)) << line;
    ASSERT_TRUE(peer.send(answer + "\r\n"));
  }
  // Plays a server up to the text and its final dot.
  static void take_text(RawSocket& peer) {
    ASSERT_TRUE(peer.send("220 test\r\n"));
    expect_line(peer, "EHLO ", "250 test");
    expect_line(peer, "MAIL FROM:<hubferry@example.org>", "250 OK");
    expect_line(peer, "RCPT TO:<a@example.org>", "250 OK");
    expect_line(peer, "RCPT TO:<b@example.org>", "250 OK");
    expect_line(peer, "DATA", "354 go on");
    std::string text;
    while (!text.ends_with("\r\n.\r\n")) {
      const auto byte = peer.bytes(1);
      ASSERT_TRUE(byte) << text;
      text += *byte;
    }
  }

  Authority authority_;
  Folder folder_;
  std::optional<SmtpServer> server_;
};

TEST_F(MailTest, SendsAMailToAllRecipients) {
  serve();
  auto outcome = send(a_mail("Größer\nals\n"));
  const auto sent = result(outcome);
  ASSERT_TRUE(sent) << sent.error().message;
  const std::string mail = server_->line();
  EXPECT_TRUE(has(mail, R"("from": "hubferry@example.org", "to": "a@example.org b@example.org", "tls": false)"))
      << mail;
  EXPECT_TRUE(has(mail, R"(\r\nSubject: =?utf-8?B?R3LDtsOfZQ==?=\r\n)")) << mail;
  EXPECT_TRUE(has(mail, R"(\r\nAuto-Submitted: auto-generated\r\n\r\nGr=C3=B6=C3=9Fer\r\nals\r\n"})")) << mail;
}

TEST_F(MailTest, GivesEveryMailAnIdOfItsOwn) {
  serve();
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    auto outcome = send(a_mail());
    ASSERT_TRUE(result(outcome));
    const std::string mail = server_->line();
    ids.push_back(mail.substr(mail.find("Message-ID: <"), 60));
  }
  EXPECT_TRUE(has(ids[0], "@example.org>")) << ids[0];
  EXPECT_NE(ids[0], ids[1]);
}

TEST_F(MailTest, CarriesLinesOfDots) {
  serve();
  auto outcome = send(a_mail(".\n..\n.x\n\n.\nend"));
  ASSERT_TRUE(result(outcome));
  const std::string mail = server_->line();
  EXPECT_TRUE(has(mail, R"(\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\nend\r\n"})")) << mail;
}

TEST_F(MailTest, CarriesALongText) {
  serve();
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += ".line\n";
  auto outcome = send(a_mail(text));
  const std::string mail = server_->line();  // before the outcome, because a pipe does not hold it
  const auto sent = result(outcome);
  ASSERT_TRUE(sent) << sent.error().message;
  std::string expected = R"(\r\n\r\n)";
  for (int i = 0; i < 20'000; ++i) expected += R"(.line\r\n)";
  EXPECT_TRUE(mail.ends_with(expected + "\"}")) << mail.size();
}

TEST_F(MailTest, LogsInBehindStartTls) {
  serve_tls({"--user", "user", "--password", "pass secret word"});
  auto outcome = send(a_mail_with_login());
  const auto sent = result(outcome);
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_TRUE(has(server_->line(), R"("tls": true, "user": "user")"));
}

TEST_F(MailTest, LogsInWithTlsFromTheStart) {
  serve_tls({"--implicit-tls", "--user", "user", "--password", "pass secret word"});
  auto outcome = send(a_mail_with_login("smtps"));
  const auto sent = result(outcome);
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_TRUE(has(server_->line(), R"("user": "user")"));
}

TEST_F(MailTest, ReportsALoginThatIsRefused) {
  serve_tls({"--user", "user", "--password", "another"});
  const std::string message = refusal(send(a_mail_with_login()), kUnavailable, kReject);
  EXPECT_TRUE(has(message, "login failed (535)")) << message;
}

TEST_F(MailTest, RefusesACertificateOfSomebodyElse) {
  options_.ca_file = folder_.write("other.pem", Authority("somebody else").pem());
  start();
  for (const char* scheme : {"smtp", "smtps"}) {
    serve_tls(scheme == std::string("smtps") ? std::vector<std::string>{"--implicit-tls"} : std::vector<std::string>{});
    const std::string message = refusal(send(a_mail_with_login(scheme)), kUnavailable, kReject);
    EXPECT_TRUE(has(message, "other.pem")) << message;
  }
}

TEST_F(MailTest, RefusesACertificateForAnotherName) {
  testing_http::Wish wish;
  wish.names = "DNS:elsewhere.example";
  serve_tls({}, wish);
  refusal(send(a_mail_with_login()), kUnavailable, kReject);
}

TEST_F(MailTest, SendsNothingWithoutTheTlsThatIsRequired) {
  serve();
  Mail mail = a_mail();
  mail.require_tls = true;
  const std::string message = refusal(send(std::move(mail)), kUnavailable, kReject);
  EXPECT_TRUE(has(message, "no STARTTLS")) << message;
}

TEST_F(MailTest, SendsNoPasswordInTheClear) {
  Mail mail = a_mail_with_login();
  mail.require_tls = false;
  const std::string message = refusal(send(std::move(mail)), kInvalid, kReject);
  EXPECT_TRUE(has(message, "in the clear")) << message;
}

TEST_F(MailTest, TellsWhatTheServerRefusedForGood) {
  for (const char* command : {"MAIL", "RCPT", "DATA"}) {
    serve({"--refuse", std::string(command) + "=550 5.1.1 Nobody here"});
    const std::string message = refusal(send(a_mail()), kUnavailable, kReject);
    EXPECT_TRUE(has(message, "mail by smtp://localhost:")) << message;
    EXPECT_TRUE(has(message, "(550 5.1.1 Nobody here)")) << command << ": " << message;
  }
}

TEST_F(MailTest, TellsWhatTheServerRefusedForNow) {
  for (const char* command : {"MAIL", "RCPT", "DATA"}) {
    serve({"--refuse", std::string(command) + "=451 4.7.1 Come back later"});
    const std::string message = refusal(send(a_mail()), kUnavailable, kRetry);
    EXPECT_TRUE(has(message, "(451 4.7.1 Come back later)")) << command << ": " << message;
  }
}

TEST_F(MailTest, TellsWhatTheGreetingRefused) {
  const std::vector<std::pair<std::string, Disposition>> greetings{{"421 busy", kRetry}, {"554 not you", kReject}};
  for (const auto& [greeting, disposition] : greetings) {
    auto outcome = send(a_mail());
    auto peer = listener_.accept();
    ASSERT_TRUE(peer.send(greeting + "\r\n"));
    const std::string message = refusal(std::move(outcome), kUnavailable, disposition);
    EXPECT_TRUE(has(message, "(" + greeting + ")")) << message;
  }
}

TEST_F(MailTest, RepeatsNoPasswordThatTheServerRepeats) {
  serve_tls({"--user", "user", "--password", "pass secret word", "--refuse", "MAIL=550 who is pass secret word"});
  const std::string message = refusal(send(a_mail_with_login()), kUnavailable, kReject);
  EXPECT_TRUE(has(message, "(550)")) << message;
  serve_tls({"--user", "user", "--password", "pass secret word", "--refuse",
             "MAIL=550 who is " + base64("pass secret word")});
  const std::string other = refusal(send(a_mail_with_login()), kUnavailable, kReject);
  EXPECT_TRUE(has(other, "(550)")) << other;
}

TEST_F(MailTest, RefusesWhatIsNoMailServer) {
  for (const char* server :
       {"localhost", "http://localhost", "smtp://user:secret@localhost", "smtp://localhost/path?secret", ""}) {
    Mail mail = a_mail();
    mail.server = server;
    refusal(send(std::move(mail)), kInvalid, kReject);
  }
}

TEST_F(MailTest, RefusesAnAddressThatCouldCarryMore) {
  Mail mail = a_mail();
  mail.to.emplace_back("c@example.org>\r\nDATA");
  EXPECT_TRUE(has(refusal(send(std::move(mail)), kInvalid, kReject), "c@example.org>??DATA"));
}

TEST_F(MailTest, ReportsARefusedConnection) {
  Mail mail = a_mail();
  mail.server = "smtp://127.0.0.1:" + std::to_string(refusing_port());
  const std::string message = refusal(send(std::move(mail)), kUnavailable, kRetry);
  EXPECT_TRUE(has(message, "Connection refused")) << message;
}

TEST_F(MailTest, ReportsAServerThatNeverAnswers) {
  Mail mail = a_mail();
  mail.timeout = Milliseconds(50);
  auto outcome = send(std::move(mail));
  auto peer = listener_.accept();
  EXPECT_TRUE(has(refusal(std::move(outcome), kTimeout, kRetry), "within 50 ms"));
}

TEST_F(MailTest, ReportsAServerThatDoesNotAnswerTheText) {
  Mail mail = a_mail();
  mail.timeout = Milliseconds(300);
  auto outcome = send(std::move(mail));
  auto peer = listener_.accept();
  take_text(peer);
  refusal(std::move(outcome), kTimeout, kRetry);
}

TEST_F(MailTest, ReportsAConnectionThatBreaks) {
  auto outcome = send(a_mail());
  auto peer = listener_.accept();
  take_text(peer);
  peer.close();
  refusal(std::move(outcome), kIo, kRetry);
}

TEST_F(MailTest, IsSentWhenTheTextIsTakenWhateverComesThen) {
  Mail mail = a_mail();
  mail.timeout = Milliseconds(500);
  auto outcome = send(std::move(mail));
  auto peer = listener_.accept();
  take_text(peer);
  ASSERT_TRUE(peer.send("250 OK\r\n"));
  const auto sent = result(outcome);  // QUIT is never answered
  EXPECT_TRUE(sent) << sent.error().message;
}

TEST_F(MailTest, SendsOneMailAfterAnother) {
  Mail slow = a_mail();
  slow.timeout = Milliseconds(300);
  Mail next = a_mail();
  next.timeout = Milliseconds(300);
  auto first = send(std::move(slow));
  auto second = send(std::move(next));
  auto peer = listener_.accept();
  refusal(std::move(first), kTimeout, kRetry);
  auto other = listener_.accept();
  take_text(other);
  ASSERT_TRUE(other.send("250 OK\r\n"));
  expect_line(other, "QUIT", "221 bye");
  const auto sent = result(second);
  EXPECT_TRUE(sent) << sent.error().message;
}

TEST_F(MailTest, ClosesWhatIsUnderWayAndWhatWaits) {
  auto first = send(a_mail());
  auto second = send(a_mail());
  auto peer = listener_.accept();
  ASSERT_TRUE(peer.send("220 test\r\n"));
  expect_line(peer, "EHLO ", "250 test");
  transfer_.reset();
  refusal(std::move(first), kClosed, kRetry);
  refusal(std::move(second), kClosed, kRetry);
}

TEST_F(MailTest, ClosesWhileLibcurlBlocks) {
  Mail mail = a_mail();
  mail.timeout = Milliseconds(60'000);
  auto outcome = send(std::move(mail));
  auto peer = listener_.accept();
  take_text(peer);
  const Instant begin = SteadyClock::now();
  transfer_.reset();
  EXPECT_LT(SteadyClock::now() - begin, kPatience);
  refusal(std::move(outcome), kClosed, kRetry);
}

}  // namespace
}  // namespace hubferry::transfer

#include "transfer/mail_message.h"

#include <gtest/gtest.h>

#include <vector>

namespace hubferry::transfer {
namespace {

constexpr std::int64_t kAt = 1'795'288'443'999;  // 2026-11-21 19:14:03 UTC

Mail a_mail(std::string subject, std::string text) {
  Mail mail;
  mail.from = "hubferry@example.org";
  mail.to = {"ops@example.org"};
  mail.subject = std::move(subject);
  mail.text = std::move(text);
  return mail;
}

// Fails the test when there is none.
std::string message_of(const Mail& mail) {
  const auto message = mail_message(mail, kAt, "id-1");
  EXPECT_TRUE(message) << message.error().message;
  return message.value_or("");
}

std::string body_of(const std::string& text) {
  const std::string message = message_of(a_mail("s", text));
  return message.substr(message.find("\r\n\r\n") + 4);
}

// The header's value, unfolded.
std::string header(const std::string& message, const std::string& name) {
  auto begin = ("\r\n" + message).find("\r\n" + name + ": ");
  if (begin == std::string::npos) return "(none)";
  begin += name.size() + 2;
  std::string value;
  while (true) {
    const auto end = message.find("\r\n", begin);
    value += message.substr(begin, end - begin);
    if (message[end + 2] != ' ') return value;
    begin = end + 2;
  }
}

std::vector<std::string> lines_of(const std::string& message) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < message.size();) {
    const auto end = message.find("\r\n", begin);
    lines.push_back(message.substr(begin, end - begin));
    begin = end == std::string::npos ? message.size() : end + 2;
  }
  return lines;
}

TEST(MailMessage, IsWhatRfc5322Asks) {
  EXPECT_EQ(message_of(a_mail("Breaker open", "Line 1\nLine 2\n")),
            "Date: Sat, 21 Nov 2026 19:14:03 +0000\r\n"
            "From: hubferry@example.org\r\n"
            "To: ops@example.org\r\n"
            "Subject: Breaker open\r\n"
            "Message-ID: <id-1@example.org>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "\r\n"
            "Line 1\r\n"
            "Line 2\r\n");
}

TEST(MailMessage, NamesAllRecipientsOneALine) {
  Mail mail = a_mail("s", "t");
  mail.to = {"a@x", "b@x", "c@x"};
  EXPECT_NE(message_of(mail).find("\r\nTo: a@x,\r\n b@x,\r\n c@x\r\n"), std::string::npos);
}

TEST(MailMessage, EncodesASubjectThatIsNotAscii) {
  EXPECT_EQ(header(message_of(a_mail("Größe – 5 €", "t")), "Subject"), "=?utf-8?B?R3LDtsOfZSDigJMgNSDigqw=?=");
}

TEST(MailMessage, SplitsALongSubjectBetweenCharacters) {
  // "xx" and 30 times U+20AC: 39 bytes would end within a character.
  std::string subject = "xx";
  for (int i = 0; i < 30; ++i) subject += "\xE2\x82\xAC";
  const std::string value = header(message_of(a_mail(subject, "t")), "Subject");
  // Words of 38, 39 and 15 bytes, by their base64's length.
  std::vector<std::size_t> sizes;
  for (std::size_t begin = 0; (begin = value.find("=?utf-8?B?", begin)) != std::string::npos; begin += 10) {
    sizes.push_back(value.find("?=", begin) - begin - 10);
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{52, 52, 20})) << value;
  EXPECT_EQ(value.substr(10, 53), "eHjigqzigqzigqzigqzigqzigqzigqzigqzigqzigqzigqzigqw=?") << value;
}

TEST(MailMessage, EncodesASubjectThatLooksEncodedAndOneThatIsLong) {
  EXPECT_EQ(header(message_of(a_mail("=?utf-8?B?YQ==?=", "t")), "Subject"), "=?utf-8?B?PT91dGYtOD9CP1lRPT0/PQ==?=");
  const std::string message = message_of(a_mail(std::string(2'000, 'x'), "t"));
  for (const std::string& line : lines_of(message)) EXPECT_LE(line.size(), 76U) << line;
}

TEST(MailMessage, TakesInvalidUtf8InASubject) {
  const std::string message = message_of(a_mail(std::string(500, '\x80'), "t"));
  for (const std::string& line : lines_of(message)) EXPECT_LE(line.size(), 76U) << line;
}

TEST(MailMessage, LetsNoHeaderThroughTheSubject) {
  const std::string message = message_of(a_mail("a\r\nBcc: x@y\r\n\r\nb\tc\x7f\x01", "t"));
  EXPECT_EQ(header(message, "Subject"), "a  Bcc: x@y    b c  ");
  EXPECT_EQ(header(message, "Bcc"), "(none)");
}

TEST(MailMessage, RefusesAddressesThatCouldCarryMore) {
  for (const std::string& address :
       {std::string(), std::string("a"), std::string("@h"), std::string("a@"), std::string("a@b@c"),
        std::string("a@h\r\nBcc: x@y"), std::string("a@h\nX"), std::string("a@h\0x", 5), std::string("<a@h>"),
        std::string("a@h> SIZE=1"), std::string("a b@h"), std::string("a@h,b@h"), std::string("a@h;b@h"),
        std::string("\"a\"@h"), std::string("a(c)@h"), std::string("a\\@h"), std::string("\xC3\xA9@h"),
        std::string(253, 'a') + "@h"}) {
    EXPECT_FALSE(check_address(address)) << address;
    Mail mail = a_mail("s", "t");
    mail.from = address;
    EXPECT_FALSE(mail_message(mail, kAt, "id")) << address;
    mail = a_mail("s", "t");
    mail.to.push_back(address);
    EXPECT_FALSE(mail_message(mail, kAt, "id")) << address;
  }
  EXPECT_TRUE(check_address("first.last+tag@sub.example.org"));
  EXPECT_TRUE(check_address(std::string(252, 'a') + "@h"));
}

TEST(MailMessage, NamesTheAddressItRefuses) {
  Mail mail = a_mail("s", "t");
  mail.to.emplace_back("b@h\r\nBcc: x@y");
  const auto message = mail_message(mail, kAt, "id");
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(message.error().disposition, Disposition::kReject);
  EXPECT_NE(message.error().message.find("'b@h??Bcc: x@y'"), std::string::npos) << message.error().message;
}

TEST(MailMessage, RefusesAMailToNobody) {
  Mail mail = a_mail("s", "t");
  mail.to.clear();
  EXPECT_FALSE(mail_message(mail, kAt, "id"));
}

TEST(MailMessage, EndsEveryLineWithCrlf) {
  EXPECT_EQ(body_of("a\nb\r\nc\rd"), "a\r\nb\r\nc\r\nd\r\n");
  EXPECT_EQ(body_of("\n\na\n\n"), "\r\n\r\na\r\n\r\n");
  EXPECT_EQ(body_of(""), "");
}

TEST(MailMessage, QuotesWhatIsNotPrintableAscii) {
  EXPECT_EQ(body_of("1+1=2 é\x01\x7f\t."), "1+1=3D2 =C3=A9=01=7F\t.\r\n");
  EXPECT_EQ(body_of(std::string("a\0b", 3)), "a=00b\r\n");
  EXPECT_EQ(body_of("space \ntab\t\n"), "space=20\r\ntab=09\r\n");
  EXPECT_EQ(body_of(".\n..\n"), ".\r\n..\r\n");  // libcurl stuffs dots
}

TEST(MailMessage, BreaksLongLinesSoftly) {
  EXPECT_EQ(body_of(std::string(75, 'x')), std::string(75, 'x') + "\r\n");
  EXPECT_EQ(body_of(std::string(76, 'x')), std::string(75, 'x') + "=\r\nx\r\n");
  EXPECT_EQ(body_of(std::string(73, 'x') + "="), std::string(73, 'x') + "=\r\n=3D\r\n");
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += i % 7 == 0 ? "é" : "y";
  for (const std::string& line : lines_of(message_of(a_mail("s", text)))) EXPECT_LE(line.size(), 76U) << line;
}

}  // namespace
}  // namespace hubferry::transfer

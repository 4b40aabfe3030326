#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class NotifyChecks : public Loading {
 protected:
  static constexpr const char* kUrl = "https://hooks.example.com/T1/hunter2";
  static constexpr const char* kPublic = "public-url = https://ferry.example.com\n";

  static std::string notify(const std::string& lines) { return std::string(kProduce) + "[notify]\n" + lines; }
  static std::string mail(const std::string& lines, const std::string& server = "smtp://mail.example.com") {
    return notify(kPublic + std::string("mail.server = ") + server +
                  "\nmail.from = ferry@example.com\nmail.to = a@example.com, b@example.com\n" + lines);
  }
  static std::string variable(const std::string& url) { return "HUBFERRY_NOTIFY_WEBHOOK_URL=" + url; }
};

TEST_F(NotifyChecks, EveryKeyReachesItsSetting) {
  const std::string password = write("password", "p");
  const NotifySettings all =
      good(mail("mail.user = u\nmail.require-tls = false\nca-file = /ca.pem\nlink-valid-for = 1h\n"
                "mail.password-file = " +
                    password + "\n",
                "smtps://mail.example.com:465"),
           {}, {variable(kUrl)})
          .notify;
  EXPECT_EQ(all.webhook_url, kUrl);
  EXPECT_EQ(all.mail_server, "smtps://mail.example.com:465");
  EXPECT_EQ(all.mail_from, "ferry@example.com");
  EXPECT_THAT(all.mail_to, ElementsAre("a@example.com", "b@example.com"));
  EXPECT_EQ(all.mail_user, "u");
  EXPECT_EQ(all.mail_password_file, password);
  EXPECT_FALSE(all.mail_require_tls);
  EXPECT_EQ(all.ca_file, "/ca.pem");
  EXPECT_EQ(all.public_url, "https://ferry.example.com");
  EXPECT_EQ(all.link_valid_for, std::chrono::hours(1));
  EXPECT_TRUE(all.any());
}

TEST_F(NotifyChecks, TheWebhooksUrlIsReadFromItsFile) {
  const std::string path = write("url", std::string("\n  ") + kUrl + "\n");
  EXPECT_EQ(good(notify(kPublic + ("webhook-url-file = " + path + "\n"))).notify.webhook_url, kUrl);
  EXPECT_THAT(
      bad(notify("webhook-url-file = " + path + "\n"), {}, {variable(kUrl)}),
      AllOf(HasSubstr("notify.webhook-url-file"), HasSubstr("HUBFERRY_NOTIFY_WEBHOOK_URL"), HasSubstr("keep one")));
  const std::string with_key = write("key", std::string(kUrl) + "\naeg-sas-key: a1:b\nX-Team: ops\n");
  EXPECT_THAT(good(notify(kPublic + ("webhook-url-file = " + with_key + "\n"))).notify.webhook_headers,
              ElementsAre("aeg-sas-key: a1:b", "X-Team: ops"));
  for (const char* wrong : {"no header", ": a", "a b: c", "Content-Type: text/plain"}) {
    const std::string file = write("wrong", std::string(kUrl) + "\n" + wrong + "\n");
    EXPECT_THAT(bad(notify(kPublic + ("webhook-url-file = " + file + "\n"))), HasSubstr("header lines")) << wrong;
  }
  EXPECT_THAT(bad(notify("webhook-url-file = " + write("empty", "\n") + "\n")), HasSubstr("empty"));
  EXPECT_THAT(bad(notify("webhook-url-file = /nowhere\n")), HasSubstr("/nowhere"));
  const std::string open = write("open", kUrl, 0644);
  EXPECT_THAT(good(notify(kPublic + ("webhook-url-file = " + open + "\n"))).warnings,
              ElementsAre(AllOf(HasSubstr("notify.webhook-url-file"), HasSubstr(open), HasSubstr("0640"))));
}

TEST_F(NotifyChecks, TheWebhooksUrlIsASecret) {
  EXPECT_THAT(
      bad(notify(std::string("webhook-url = ") + kUrl + "\n")),
      AllOf(HasSubstr("webhook-url-file"), HasSubstr("HUBFERRY_NOTIFY_WEBHOOK_URL"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(bad(kProduce, {std::string("--notify.webhook-url=") + kUrl}),
              AllOf(HasSubstr("HUBFERRY_NOTIFY_WEBHOOK_URL"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(bad(kProduce, {}, {variable("ftp://h/hunter2")}), AllOf(HasSubstr("http://"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(bad(notify("webhook-url-file = " + write("bad", "hunter2") + "\n")),
              AllOf(HasSubstr("http://"), Not(HasSubstr("hunter2"))));
  const std::string file = write("url", kUrl);
  for (const auto& printed : {load_file(kProduce, {"--print-config"}, {variable(kUrl)}),
                              load_file(notify("webhook-url-file = " + file + "\n"), {"--print-config"})}) {
    ASSERT_TRUE(printed) << printed.error().message;
    EXPECT_THAT(printed->text, AllOf(HasSubstr("\n[notify]\n"), Not(HasSubstr("hunter2"))));
    EXPECT_EQ(printed->settings.notify.webhook_url, kUrl);
  }
}

TEST_F(NotifyChecks, AWebhookIsAWholeUrl) {
  for (const char* url : {"https://h", "https://h?a=1", "https:///x", "https://h:0/x", "https://u:p@h/x", "h/x",
                          "https://h/a b", "https://h/#x", "HTTPS://h/x"}) {
    bad(kProduce, {}, {variable(url)});
  }
  for (const char* url : {"https://h/", "https://h:8443/x?y=z", "http://[::1]:1/a", "http://127.0.0.1/"}) {
    EXPECT_THAT(good(notify(kPublic), {}, {variable(url)}).warnings, IsEmpty()) << url;
  }
  EXPECT_THAT(good(notify(kPublic), {}, {variable("http://h/hunter2")}).warnings,
              ElementsAre(AllOf(HasSubstr("plain HTTP"), Not(HasSubstr("hunter2")))));
}

TEST_F(NotifyChecks, MailNeedsSenderAndReceiversAndTheyNeedAServer) {
  const std::string server = "mail.server = smtp://h\n";
  EXPECT_THAT(bad(notify(server + "mail.to = a@h\n")), HasSubstr("notify.mail.from"));
  EXPECT_THAT(bad(notify(server + "mail.from = a@h\n")), HasSubstr("notify.mail.to"));
  EXPECT_THAT(bad(notify("mail.from = a@h\n")), HasSubstr("notify.mail.from needs notify.mail.server"));
  EXPECT_THAT(bad(notify("mail.to = a@h\n")), HasSubstr("notify.mail.to needs notify.mail.server"));
  EXPECT_THAT(bad(notify("mail.user = u\n")), HasSubstr("notify.mail.user needs notify.mail.server"));
  EXPECT_THAT(bad(notify("mail.password-file = /p\n")), HasSubstr("notify.mail.password-file needs"));
  EXPECT_THAT(good(mail("")).warnings, IsEmpty());
}

TEST_F(NotifyChecks, AddressesNameAUserAndAHost) {
  for (const char* text : {"a", "@h", "a@", "a b@h", "a@h c", "A <a@h>", "a@h,b@h", "a@h\x01"}) {
    EXPECT_THAT(message_of(load({kBroker, kRoute, std::string("--notify.mail.from=") + text}, {})),
                HasSubstr("must be an address user@host"))
        << text;
  }
  for (const char* text : {"a@h,b", "a@h;b@h c", ",", "<a@h>"}) {
    EXPECT_THAT(message_of(load({kBroker, kRoute, std::string("--notify.mail.to=") + text}, {})),
                HasSubstr("separated by commas"))
        << text;
  }
}

TEST_F(NotifyChecks, AMailServerHasASchemeAndAHost) {
  for (const char* server : {"h:25", "mail://h", "smtp://", "smtp://h/x", "smtp://h:0", "smtp://h:x", "smtp://u@h"}) {
    bad(mail("", server));
  }
  for (const char* server : {"smtp://h", "smtp://h:2525", "smtps://[::1]:465"}) {
    EXPECT_EQ(good(mail("", server)).notify.mail_server, server);
  }
}

TEST_F(NotifyChecks, UserAndPasswordBelongTogetherAndDoNotTravelInTheClear) {
  const std::string password = write("password", "p");
  const std::string login = "mail.user = u\nmail.password-file = " + password + "\n";
  EXPECT_THAT(bad(mail("mail.user = u\n")), HasSubstr("belong together"));
  EXPECT_THAT(bad(mail("mail.password-file = " + password + "\n")), HasSubstr("belong together"));
  EXPECT_THAT(good(mail(login)).warnings, IsEmpty());
  const std::string clear = login + "mail.require-tls = false\n";
  EXPECT_THAT(bad(mail(clear)), AllOf(HasSubstr("notify.mail.require-tls"), HasSubstr("in the clear")));
  EXPECT_THAT(bad(mail(clear, "smtp://127.example.com:25")), HasSubstr("in the clear"));
  for (const char* server : {"smtps://h", "smtp://localhost:25", "smtp://127.0.0.1", "smtp://[::1]"}) {
    EXPECT_THAT(good(mail(clear, server)).warnings, IsEmpty()) << server;
  }
  EXPECT_THAT(good(mail("mail.require-tls = false\n")).warnings, IsEmpty());
  const std::string open = write("open", "p", 0644);
  EXPECT_THAT(good(mail("mail.user = u\nmail.password-file = " + open + "\n")).warnings,
              ElementsAre(AllOf(HasSubstr("notify.mail.password-file"), HasSubstr("0640"))));
}

TEST_F(NotifyChecks, LinksBeginWithAUrlWithoutPath) {
  for (const char* url : {"ferry.example.com", "ftp://h", "https://h/", "https://h/x", "https://h?x", "https://h#x",
                          "https://", "https://u@h", "https://h:99999", "https://a b"}) {
    bad(notify(std::string("public-url = ") + url + "\n"));
  }
  for (const char* url : {"http://h", "https://h:8443", "https://[::1]:1"}) {
    EXPECT_EQ(good(notify(std::string("public-url = ") + url + "\n")).notify.public_url, url);
  }
}

TEST_F(NotifyChecks, LinksThatNobodyElseCanFollowAreWarnedOf) {
  EXPECT_THAT(good(kProduce, {}, {variable(kUrl)}).warnings,
              ElementsAre(AllOf(HasSubstr("notify.public-url"), HasSubstr("127.0.0.1:8080"))));
  EXPECT_THAT(good(kProduce,
                   {"--ingest.listen=0.0.0.0:80", "--ingest.bearer-token-file=/t", "--ingest.tls.certificate-file=/c",
                    "--ingest.tls.key-file=/k"},
                   {variable(kUrl)})
                  .warnings,
              ElementsAre(HasSubstr("notify.public-url")));
  EXPECT_THAT(good(notify(kPublic), {}, {variable(kUrl)}).warnings, IsEmpty());
  EXPECT_THAT(good(kProduce).warnings, IsEmpty());
}

TEST_F(NotifyChecks, ALinkIsValidForAMinuteToAMonth) {
  EXPECT_THAT(bad(notify("link-valid-for = 1s\n")), HasSubstr("1m..720h"));
  EXPECT_EQ(good(notify("link-valid-for = 720h\n")).notify.link_valid_for, std::chrono::hours(720));
}

}  // namespace
}  // namespace hubferry::config

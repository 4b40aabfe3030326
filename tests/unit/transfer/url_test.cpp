#include "transfer/url.h"

#include <gtest/gtest.h>

namespace hubferry::transfer {
namespace {

TEST(ShowUrl, ShowsSchemeHostPortAndTheFirstSegment) {
  EXPECT_EQ(show_url("https://h.example"), "https://h.example");
  EXPECT_EQ(show_url("https://h.example/"), "https://h.example/");
  EXPECT_EQ(show_url("https://h.example:8443/hook"), "https://h.example:8443/hook");
  EXPECT_EQ(show_url("https://h.example/services/T0/B0/secret"), "https://h.example/services/...");
  EXPECT_EQ(show_url("http://[::1]:8080/a/"), "http://[::1]:8080/a/");
  EXPECT_EQ(show_url("smtp://mail.example:587"), "smtp://mail.example:587");
}

TEST(ShowUrl, LeavesOutWhatMayBeSecret) {
  EXPECT_EQ(show_url("https://h/w/x?api-version=1&sig=secret"), "https://h/w/...");
  EXPECT_EQ(show_url("https://h?sig=secret"), "https://h");
  EXPECT_EQ(show_url("https://h/hook?mail=a@b"), "https://h/hook");
  EXPECT_EQ(show_url("https://h/hook#secret"), "https://h/hook");
  EXPECT_EQ(show_url("https://h/hook;secret"), "https://h/hook");
  EXPECT_EQ(show_url("https://user:secret@h:1/hook"), "https://h:1/hook");
  EXPECT_EQ(show_url("https://user:sec@ret@h/hook"), "https://h/hook");
}

TEST(ShowUrl, LeavesOutSecretsOfUrlsThatAreWrong) {
  for (const char* url :
       {"secret", "user:secret@h/hook", "?secret://h", "https://user:secret", "https://user:1secret/x@h/hook",
        "https://user:1/secret@h/hook", "https://user/secret@h/hook", "https://user:1?secret@h/hook",
        "https://user:1#secret@h/hook", "https://user:1\\secret@h/hook", "https://secret\x01@", "https://[secret"}) {
    EXPECT_EQ(show_url(url).find("secret"), std::string::npos) << show_url(url);
    EXPECT_EQ(show_url(url).find("user"), std::string::npos) << show_url(url);
  }
}

TEST(ShowUrl, ShowsNoControlCharacters) {
  EXPECT_EQ(show_url("https://h/a\r\n\xC3\xA9"), "https://h/a????");
  EXPECT_EQ(show_url("https://h\n/a"), "https://...");
}

TEST(CheckPostUrl, TakesHttpAndHttpsOnly) {
  for (const char* url : {"http://h", "https://h:1/x?sig=y", "HTTPS://h/", "https://user:pw@h/", "http://[::1]:80/"}) {
    EXPECT_TRUE(check_post_url(url)) << url;
  }
  for (const char* url : {"", "h/x", "file:///etc/passwd", "ftp://h/", "smtp://h", "https://", "https://h:x/",
                          "https://h/a b", "https://h/\r\nX: y", "nonsense://h/"}) {
    const auto good = check_post_url(url);
    ASSERT_FALSE(good) << url;
    EXPECT_EQ(good.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(good.error().disposition, Disposition::kReject);
    EXPECT_NE(good.error().message.find("https://host[:port]/path"), std::string::npos) << good.error().message;
  }
}

TEST(CheckMailServer, TakesSchemeHostAndPortOnly) {
  for (const char* url : {"smtp://h", "smtps://h:465", "smtp://h/", "smtp://127.0.0.1:25"}) {
    EXPECT_TRUE(check_mail_server(url)) << url;
  }
  for (const char* url : {"h", "h:25", "http://h", "smtp://user:secret@h", "smtp://user@h", "smtp://h/path",
                          "smtp://h?secret", "smtp://h#secret", "smtp://h:x"}) {
    const auto good = check_mail_server(url);
    ASSERT_FALSE(good) << url;
    EXPECT_EQ(good.error().code, ErrorCode::kInvalid);
    EXPECT_NE(good.error().message.find("smtp://host[:port]"), std::string::npos) << good.error().message;
    EXPECT_EQ(good.error().message.find("secret"), std::string::npos) << good.error().message;
  }
}

}  // namespace
}  // namespace hubferry::transfer

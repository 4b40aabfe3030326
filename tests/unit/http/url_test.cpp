#include "http/url.h"

#include <gtest/gtest.h>

#include "http/client.h"

namespace hubferry::http {
namespace {

TEST(ParseUrl, TakesHostPortAndTarget) {
  const auto url = parse_url("http://handler.example:9000/events?a=b#part");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "http");
  EXPECT_EQ(url->host, "handler.example");
  EXPECT_EQ(url->port, 9000);
  EXPECT_EQ(url->target, "/events?a=b");
}

TEST(ParseUrl, FillsInPortAndPath) {
  const auto url = parse_url("http://h");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->target, "/");
  EXPECT_EQ(parse_url("http://h?x=1")->target, "/?x=1");
}

TEST(ParseUrl, TakesHttps) {
  const auto url = parse_url("https://h/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(parse_url("https://h:80/")->port, 80);
}

TEST(ParseUrl, TakesIpv6InBrackets) {
  const auto url = parse_url("http://[::1]:8080/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8080);
}

TEST(ParseUrl, SaysWhatIsWrongAndTheExpectedForm) {
  for (const char* text :
       {"", "h/x", "ftp://h/", "https://", "http://", "http://:80/", "http://h:x/", "http://h:0/", "http://h:65536/",
        "http://h:/", "http://::1/", "http://[::1", "http://[::1]x/", "http://h/a b", "http://h/a\r\nX: y"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalid);
    EXPECT_NE(url.error().message.find("http://host[:port]/path"), std::string::npos) << url.error().message;
  }
}

TEST(ParseUrl, DoesNotRepeatAPassword) {
  const auto url = parse_url("http://user:secret@h/");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
}

TEST(SplitTarget, TakesOriginFormAndAbsoluteForm) {
  EXPECT_EQ(split_target("/a/b?x=1?y")->path, "/a/b");
  EXPECT_EQ(split_target("/a/b?x=1?y")->query, "x=1?y");
  EXPECT_EQ(split_target("http://h:1/a?q")->path, "/a");
  EXPECT_EQ(split_target("http://h:1/a?q")->query, "q");
  EXPECT_FALSE(split_target("*"));
  EXPECT_FALSE(split_target("h:443"));
  EXPECT_FALSE(split_target("http://h"));
  EXPECT_FALSE(split_target("http://h?/x"));
}

TEST(PercentDecode, DecodesEscapesAndNothingElse) {
  EXPECT_EQ(percent_decode("a%2Fb%c3%A9+"), "a/b\xC3\xA9+");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentDecode, RefusesWhatIsNoEscape) {
  for (const char* text : {"%", "%2", "%2x", "%g0", "a%%41", "%00"}) EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(QueryValue, GivesTheFirstOfThatNameDecoded) {
  EXPECT_EQ(query_value("a=1&b=x%20y+z&b=2", "b"), "x y z");
  EXPECT_EQ(query_value("%61=1", "a"), "1");
  EXPECT_EQ(query_value("a&b", "a"), "");
  EXPECT_EQ(query_value("a=100%", "a"), "100%");
  EXPECT_EQ(query_value("a=b=c&", "a"), "b=c");
  EXPECT_FALSE(query_value("ab=1", "a"));
  EXPECT_FALSE(query_value("", ""));
}

TEST(HostPort, WritesIpv6InBrackets) {
  EXPECT_EQ(host_port_text("::1", 80), "[::1]:80");
  EXPECT_EQ(host_port_text("h", 80), "h:80");
}

}  // namespace
}  // namespace hubferry::http

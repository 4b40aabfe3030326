#include "config/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace hubferry::config {
namespace {

using testing::HasSubstr;

std::string reason(Kind kind, std::string_view text, Range range = {}, std::string_view choices = {}) {
  const auto value = parse_value(kind, text, range, choices);
  return value ? "accepted: " + std::string(text) : value.error();
}
std::string error_of(const Parsed<std::int64_t>& number) {
  return number ? "accepted" : number.error();
}
bool accepted(Kind kind, std::string_view text) {
  return parse_value(kind, text, {}, {}).has_value();
}

TEST(Values, DurationsHaveAUnit) {
  EXPECT_EQ(*parse_duration("500ms"), 500);
  EXPECT_EQ(*parse_duration("30s"), 30'000);
  EXPECT_EQ(*parse_duration("5 m"), 300'000);
  EXPECT_EQ(*parse_duration("2h"), 7'200'000);
  for (const char* text : {"", "5", "s", "-5s", "1.5s", "5d", "5 s s", "5S", "0x5s", "5seconds"}) {
    EXPECT_THAT(error_of(parse_duration(text)), HasSubstr("ms, s, m or h")) << text;
  }
}

TEST(Values, SizesAreBytesOrHaveAUnit) {
  EXPECT_EQ(*parse_size("1000"), 1'000);
  EXPECT_EQ(*parse_size("7B"), 7);
  EXPECT_EQ(*parse_size("1KB"), 1'000);
  EXPECT_EQ(*parse_size("1KiB"), 1'024);
  EXPECT_EQ(*parse_size("3MB"), 3'000'000);
  EXPECT_EQ(*parse_size("16MiB"), 16'777'216);
  EXPECT_EQ(*parse_size("10 GiB"), 10'737'418'240);
  EXPECT_EQ(*parse_size("1GB"), 1'000'000'000);
  EXPECT_EQ(*parse_size("1TiB"), 1'099'511'627'776);
  for (const char* text : {"", "MiB", "-1", "1.5MiB", "1kb", "1mib", "1K", "1 Mi B", "lots"}) {
    EXPECT_THAT(error_of(parse_size(text)), HasSubstr("KiB")) << text;
  }
}

TEST(Values, NumbersThatOverflowAreRefused) {
  EXPECT_EQ(*parse_size("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(error_of(parse_size("9223372036854775808")), HasSubstr("too large"));
  EXPECT_THAT(error_of(parse_size("9223372036854775807KiB")), HasSubstr("too large"));
  EXPECT_THAT(error_of(parse_duration("9223372036854775807h")), HasSubstr("too large"));
}

TEST(Values, ARangeErrorNamesTheRangeInTheUnitOfTheOption) {
  EXPECT_EQ(reason(Kind::kDuration, "2h", {1'000, 3'600'000}), "must be within 1s..1h");
  EXPECT_EQ(reason(Kind::kSize, "1", {1024, 1024 * 1024}), "must be within 1KiB..1MiB");
  EXPECT_EQ(reason(Kind::kCount, "0", {1, 4096}), "must be within 1..4096");
  EXPECT_TRUE(parse_value(Kind::kCount, "4096", {1, 4096}, {}).has_value());
  EXPECT_TRUE(parse_value(Kind::kCount, "1", {1, 4096}, {}).has_value());
}

TEST(Values, TextOfNumbersReadsBackTheSame) {
  for (const std::int64_t number : {0LL, 1LL, 999LL, 1'000LL, 1'024LL, 60'000LL, 3'600'000LL, 1LL << 40}) {
    EXPECT_EQ(*parse_duration(duration_text(number)), number);
    EXPECT_EQ(*parse_size(size_text(number)), number);
  }
}

TEST(Values, AChoiceErrorListsTheChoices) {
  EXPECT_EQ(reason(Kind::kChoice, "loud", {}, "info|warn"), "must be one of: info, warn");
  EXPECT_TRUE(parse_value(Kind::kChoice, "warn", {}, "info|warn").has_value());
  EXPECT_EQ(reason(Kind::kFlag, "yes"), "must be true or false");
}

TEST(Values, HostPortTakesNamesIpv4AndBracketedIpv6) {
  EXPECT_EQ(parse_host_port("localhost:80")->host, "localhost");
  EXPECT_EQ(parse_host_port("127.0.0.1:65535")->port, 65535);
  EXPECT_EQ(parse_host_port("[::1]:0")->host, "::1");
  for (const char* text : {"", "host", ":80", "host:", "host:65536", "host:-1", "host:+1", "::1:80", "[::1]", "[x]:1",
                           "h o:1", "http://h:1", "host:80x", "[::1:80", "[]:1"}) {
    EXPECT_FALSE(accepted(Kind::kHostPort, text)) << text;
  }
}

TEST(Values, ServersAreAListOfHostsWithOptionalPorts) {
  for (const char* text : {"k:9092", "a:1,b:2", "a, b:2", "SASL_SSL://a:1", "[::1]:9092", "[::1]"}) {
    EXPECT_TRUE(parse_servers(text).has_value()) << text;
  }
  for (const char* text : {"", ",", "a:0", "a:x", "a b:1", "a:1,b:99999"}) EXPECT_FALSE(parse_servers(text)) << text;
}

TEST(Values, TopicNamesFollowKafkasRules) {
  for (const std::string& text :
       {std::string("orders"), std::string("A-b_c.9"), std::string(249, 'x'), std::string("...")}) {
    EXPECT_TRUE(accepted(Kind::kTopic, text)) << text;
  }
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string(250, 'x'),
                                  std::string("a b"), std::string("a/b"), std::string("\xC3\xA4")}) {
    EXPECT_THAT(reason(Kind::kTopic, text), HasSubstr("1 to 249")) << text;
  }
}

TEST(Values, GroupIdsHaveAtMost256Characters) {
  EXPECT_TRUE(accepted(Kind::kGroup, std::string(256, 'g')));
  EXPECT_TRUE(accepted(Kind::kGroup, "$Default"));
  EXPECT_THAT(reason(Kind::kGroup, std::string(257, 'g')), HasSubstr("256"));
  EXPECT_THAT(reason(Kind::kGroup, ""), HasSubstr("256"));
  EXPECT_FALSE(accepted(Kind::kGroup, "a b"));
}

TEST(Values, HandlersAreUrlsCommandsFilesOrTopics) {
  for (const char* text : {"http://h/", "http://127.0.0.1:9000/events", "http://[::1]:1/a?b=c", "http://[::1]/a",
                           "https://h/x", "https://h:8443/x", "file:/a/b", "command:/usr/bin/cat",
                           "command:/bin/sh -c true", "topic:orders.copy", "discard:"}) {
    EXPECT_TRUE(accepted(Kind::kHandler, text)) << text << ": " << reason(Kind::kHandler, text);
  }
  for (const char* text : {"",
                           "h/x",
                           "http://",
                           "http:///x",
                           "http://h",
                           "http://h:0/",
                           "http://h:99999/",
                           "http://h:/x",
                           "ftp://h/",
                           "file:a",
                           "file:/",
                           "file:///a",
                           "file:/a/",
                           "http://h/a b",
                           "http://h/#x",
                           "file:",
                           "file:/a b",
                           "command:",
                           "command:cat",
                           "command:/",
                           "command: /bin/cat",
                           "topic:",
                           "topic:a b",
                           "discard:x",
                           "HTTPS://h/x"}) {
    EXPECT_FALSE(accepted(Kind::kHandler, text)) << text;
  }
}

TEST(Values, HeadersOfAHandlerAreHeaderLines) {
  for (const char* text : {"", "X-A: 1", "X-A:1; X-B: some words", "X-A:"}) {
    EXPECT_TRUE(accepted(Kind::kHeaders, text)) << text << ": " << reason(Kind::kHeaders, text);
  }
  for (const char* text : {"X-A", ": 1", "X A: 1", "Host: h", "content-length: 3", "X-HubFerry-Key: k", "X-A: a\nb"}) {
    EXPECT_FALSE(accepted(Kind::kHeaders, text)) << text;
  }
  EXPECT_THAT(reason(Kind::kHeaders, "Authorization: Bearer hunter2"),
              AllOf(HasSubstr("handler.bearer-token-file"), Not(HasSubstr("hunter2"))));
}

TEST(Values, AStartIsAPolicyOrATimeInUtc) {
  const auto at = [](const char* text) { return parse_value(Kind::kStart, text, {}, {})->number; };
  EXPECT_EQ(at("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(at("2026-11-21T10:00:00Z"), 1'795'255'200'000);
  EXPECT_EQ(at("2024-02-29T23:59:59.25Z"), 1'709'251'199'250);
  for (const char* text : {"earliest", "latest"}) EXPECT_TRUE(accepted(Kind::kStart, text)) << text;
  for (const char* text :
       {"", "newest", "2026-11-21", "2026-11-21T10:00:00", "2026-11-21T10:00:00+01:00", "2026-02-29T10:00:00Z",
        "2026-11-21T24:00:00Z", "1969-12-31T23:59:59Z", "2026-11-21T10:00:00.Z", "2026-1-21T10:00:00Z"}) {
    EXPECT_FALSE(accepted(Kind::kStart, text)) << text;
  }
}

TEST(Values, PartitionsAreAllOrDistinctNumbers) {
  for (const char* text : {"", "all", "0", "0,2", " 7 , 1 "}) EXPECT_TRUE(accepted(Kind::kPartitions, text)) << text;
  for (const char* text : {",", "a", "-1", "0,0", "0-3", "100000", "all,1"}) {
    EXPECT_FALSE(accepted(Kind::kPartitions, text)) << text;
  }
}

TEST(Values, AHandlersPasswordIsRefused) {
  EXPECT_THAT(reason(Kind::kHandler, "http://u:hunter2@h/x"), HasSubstr("user and password"));
}

TEST(Values, KeyPointersFollowRfc6901) {
  for (const char* text : {"", "/", "/a/b", "/a~0b~1c", "/0"}) EXPECT_TRUE(accepted(Kind::kPointer, text)) << text;
  for (const char* text : {"a", "/a~", "/a~2", "~0"}) EXPECT_FALSE(accepted(Kind::kPointer, text)) << text;
}

TEST(Values, PathsAreAbsolute) {
  EXPECT_TRUE(accepted(Kind::kPath, "/var/lib"));
  EXPECT_FALSE(accepted(Kind::kPath, "spool"));
  EXPECT_FALSE(accepted(Kind::kPath, ""));
}

}  // namespace
}  // namespace hubferry::config

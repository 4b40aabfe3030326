#include "http/header_parser.h"

#include <gtest/gtest.h>

namespace hubferry::http {
namespace {

const std::string kPost = "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Type:  a/b \r\ncontent-length: 5\r\n\r\n";

HeaderOutcome parse(std::string_view text, std::uint64_t limit = 1'000) {
  RequestParser parser;
  return parser.feed(text, limit);
}

TEST(RequestParser, ReadsAHeaderThatArrivesByteByByteInAMovingBuffer) {
  RequestParser parser;
  for (std::size_t size = 1; size < kPost.size(); ++size) {
    const std::string moved = kPost.substr(0, size);
    ASSERT_EQ(parser.feed(moved, 1'000), HeaderOutcome::kMore) << size;
  }
  const std::string whole = kPost + "12345GET";
  ASSERT_EQ(parser.feed(whole, 1'000), HeaderOutcome::kDone);
  EXPECT_EQ(parser.header_size(), kPost.size());
  EXPECT_EQ(parser.method(whole), "POST");
  EXPECT_EQ(parser.target(whole), "/a?b");
  EXPECT_EQ(parser.header(whole, "CONTENT-TYPE"), "a/b");
  EXPECT_EQ(parser.content_length(), 5U);
  EXPECT_FALSE(parser.header(whole, "Accept"));
  EXPECT_TRUE(parser.keep_alive());
}

TEST(RequestParser, RefusesWhatTwoReadersCouldUnderstandDifferently) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const char* fields : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                             "Content-Length: 5\r\nContent-Length: 6\r\n",
                             "Content-Length: 5, 6\r\n",
                             "Content-Length: -1\r\n",
                             "Content-Length: +5\r\n",
                             "Content-Length: 5x\r\n",
                             "Content-Length: \r\n",
                             "Content-Length: 99999999999999999999\r\n",
                             "Transfer-Encoding: gzip\r\n",
                             "Transfer-Encoding: chunked, gzip\r\n",
                             "Transfer-Encoding: gzip, chunked\r\n",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n",
                             "Content-Length : 5\r\n",
                             "X: a\r\n b\r\n",
                             "X: a\nContent-Length: 5\r\n",
                             "X: a\rb\r\n",
                             "X: \x01\r\n",
                             " X: a\r\n",
                             ": a\r\n",
                             "Host: other\r\n"}) {
    EXPECT_EQ(parse(start + fields + "\r\n"), HeaderOutcome::kBad) << fields;
  }
  EXPECT_EQ(parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), HeaderOutcome::kBad);
}

TEST(RequestParser, WantsOneHostFromHttp11) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n"), HeaderOutcome::kBad);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n"), HeaderOutcome::kDone);
}

TEST(RequestParser, RefusesABrokenRequestLineAtOnce) {
  for (const char* text : {"\x16\x03\x01\x02", "GET  / HTTP/1.1\r\n", "GET / HTTP/2.0\r\n", "GET / HTTP/1.1\nX",
                           "GET /\x01 HTTP/1.1\r\n", "G@T / HTTP/1.1\r\n"}) {
    EXPECT_EQ(parse(text), HeaderOutcome::kBad) << text;
  }
}

TEST(RequestParser, BoundsTheHeaderHoweverItArrives) {
  const std::string field = "X: " + std::string(50, 'x') + "\r\n";
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 20; ++i) text += field;
  text += "\r\n";
  EXPECT_EQ(parse(text, text.size()), HeaderOutcome::kDone);
  EXPECT_EQ(parse(text, text.size() - 1), HeaderOutcome::kTooLarge);
  RequestParser parser;
  HeaderOutcome outcome = HeaderOutcome::kMore;
  std::size_t size = 0;
  while (outcome == HeaderOutcome::kMore) outcome = parser.feed(text.substr(0, ++size), 200);
  EXPECT_EQ(outcome, HeaderOutcome::kTooLarge);
  EXPECT_LE(size, 205U);
}

TEST(ResponseParser, ReadsStatusAndRetryAfter) {
  ResponseParser parser;
  const std::string text = "HTTP/1.1 503 \r\nRetry-After: 7\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(parser.feed(text, 1'000), HeaderOutcome::kDone);
  EXPECT_EQ(parser.status(), 503);
  EXPECT_EQ(parser.retry_after(), "7");
  EXPECT_TRUE(parser.chunked());
  EXPECT_FALSE(parser.keep_alive());
}

}  // namespace
}  // namespace hubferry::http

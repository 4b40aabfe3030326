#include "http/chunked.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace hubferry::http {
namespace {

using Outcome = ChunkedDecoder::Outcome;

struct Decoded {
  Outcome outcome = Outcome::kMore;
  std::string body;
  std::size_t used = 0;
};

// Feeds `text` in pieces of `piece` bytes.
Decoded decode(std::string_view text, std::size_t piece, std::uint64_t limit = 1'000) {
  ChunkedDecoder decoder(limit);
  Decoded result;
  while (result.used < text.size() && result.outcome == Outcome::kMore) {
    std::string part(text.substr(result.used, piece));
    const auto step = decoder.decode(part, part.data());
    result.body.append(part, 0, step.made);
    result.used += step.used;
    result.outcome = step.outcome;
  }
  return result;
}

TEST(ChunkedDecoder, DecodesAtEveryCut) {
  const std::string text = "3\r\nabc\r\n0A;ext=\"x;y\"\r\n0123456789\r\n000\r\nTrailer: 1\r\nMore: 2\r\n\r\nGET / next";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto result = decode(text, piece);
    ASSERT_EQ(result.outcome, Outcome::kDone) << piece;
    ASSERT_EQ(result.body, "abc0123456789") << piece;
    ASSERT_EQ(text.substr(result.used), "GET / next") << piece;
  }
}

TEST(ChunkedDecoder, WaitsForTheEnd) {
  const std::string text = "1\r\na\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_EQ(decode(text.substr(0, size), 100).outcome, Outcome::kMore) << size;
  }
}

TEST(ChunkedDecoder, RefusesWhatIsNotStrictlyChunked) {
  for (const char* text : {"\r\n", "g\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1\na\n0\n\n",
                           "1\r\nab\r\n", "1\r\na\n", "1\r\na\r0", "1;x\na", "0\r\n\n", "0\r\nX\n", "0\r\n\rX", "1\rX",
                           "1000000000000000\r\n", "1,\r\na"}) {
    EXPECT_EQ(decode(text, 1).outcome, Outcome::kBad) << text;
  }
}

TEST(ChunkedDecoder, StopsAtTheLimit) {
  EXPECT_EQ(decode("5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n", 7, 10).outcome, Outcome::kDone);
  EXPECT_EQ(decode("5\r\nabcde\r\n6\r\n", 7, 10).outcome, Outcome::kTooLarge);
  EXPECT_EQ(decode("fffffffffffffff\r\n", 7, 10).outcome, Outcome::kTooLarge);
}

TEST(ChunkedDecoder, BoundsExtensionsAndTrailers) {
  std::string many;
  for (int i = 0; i < 3'000; ++i) many += "1;e=12345\r\na\r\n";
  EXPECT_EQ(decode(many, 100, 10'000).outcome, Outcome::kBad);
  EXPECT_EQ(decode("0\r\nX: " + std::string(20'000, 'x'), 100).outcome, Outcome::kBad);
}

TEST(ChunkedDecoder, DecodesRandomBodiesInPlace) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string body, coded;
    for (int chunks = static_cast<int>(random() % 60); chunks >= 0; --chunks) {
      std::string data(1 + random() % 200, 'x');
      for (char& c : data) c = static_cast<char>(random());
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", data.size());
      coded += size + data + "\r\n";
      body += data;
    }
    coded += "0\r\n\r\n";
    const auto result = decode(coded, 1 + random() % 300, 20'000);
    ASSERT_EQ(result.outcome, Outcome::kDone);
    ASSERT_EQ(result.body, body);
    ASSERT_EQ(result.used, coded.size());
  }
}

}  // namespace
}  // namespace hubferry::http

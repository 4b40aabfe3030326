// Chunked bodies, whole and cut into pieces. Input: how to cut, the limit, the bytes.
#include <algorithm>
#include <cstdio>

#include "fuzz/fuzz.h"
#include "http/chunked.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file
using Outcome = http::ChunkedDecoder::Outcome;

struct Decoded {
  Outcome outcome = Outcome::kMore;
  std::size_t used = 0;
  std::string body;
};

// In pieces of 1 to `piece` bytes, in place as the server does.
Decoded decode(std::string_view input, std::uint64_t limit, std::size_t piece) {
  http::ChunkedDecoder decoder(limit);
  Decoded result;
  std::size_t length = piece;
  while (result.outcome == Outcome::kMore && result.used < input.size()) {
    std::vector<char> bytes(std::min(length, input.size() - result.used));
    input.copy(bytes.data(), bytes.size(), result.used);
    const auto step = decoder.decode({bytes.data(), bytes.size()}, bytes.data());
    FUZZ_REQUIRE(step.used <= bytes.size() && step.made <= step.used);
    FUZZ_REQUIRE(step.outcome != Outcome::kMore || step.used == bytes.size());
    result.outcome = step.outcome;
    result.used += step.used;
    result.body.append(bytes.data(), step.made);
    length = length == 1 ? piece : length - 1;
  }
  return result;
}

std::string encode(std::string_view body, std::size_t piece) {
  std::string text;
  while (!body.empty()) {
    const auto chunk = body.substr(0, piece);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    text.append(size).append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  return text + "0\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input bytes(data, size);
  const std::size_t piece = std::size_t{1} + bytes.byte() % 32;
  const std::uint64_t limit = bytes.byte() * 16;
  const auto text = bytes.rest();
  const Decoded whole = decode(text, limit, std::max<std::size_t>(text.size(), 1));
  const Decoded cut = decode(text, limit, piece);
  FUZZ_REQUIRE(whole.outcome == cut.outcome);
  FUZZ_REQUIRE(whole.body.size() <= limit);
  if (whole.outcome == Outcome::kMore || whole.outcome == Outcome::kDone) {
    FUZZ_REQUIRE(whole.body == cut.body && whole.used == cut.used);
  }
  if (whole.outcome == Outcome::kDone) {
    FUZZ_REQUIRE(text.substr(0, whole.used).ends_with("\r\n"));
    const std::string encoded = encode(whole.body, piece);
    const Decoded again = decode(encoded, limit, 7);
    FUZZ_REQUIRE(again.outcome == Outcome::kDone && again.body == whole.body && again.used == encoded.size());
  }
  return 0;
}

#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hubferry::http {

// Decodes one chunked body (RFC 9112 section 7.1) as it arrives, in pieces cut anywhere. Extensions and trailers are
// skipped. Strict: only CRLF ends a line.
class ChunkedDecoder {
 public:
  enum class Outcome {
    kMore,      // all input is used, the body goes on
    kDone,      // the body is complete; input behind it is not used
    kBad,       // not chunked coding
    kTooLarge,  // the body is larger than the limit
  };
  struct Step {
    Outcome outcome = Outcome::kMore;
    std::size_t used = 0;  // bytes of input
    std::size_t made = 0;  // bytes of output
  };

  explicit ChunkedDecoder(std::uint64_t max_body) : max_body_(max_body) {}

  // Writes at most in.size() bytes to `out`, which may be the same memory as `in` or lie before it.
  Step decode(std::string_view in, char* out);

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeEnd,
    kData,
    kDataEnd,
    kDataEndLf,
    kTrailer,
    kTrailerLine,
    kTrailerLf,
    kEnd
  };

  Outcome byte(char c);
  Outcome size_digit(char c);
  Outcome size_line_ended();
  Outcome skipped();

  State state_ = State::kSize;
  std::uint64_t max_body_;
  std::uint64_t body_ = 0;     // announced by all chunks so far
  std::uint64_t left_ = 0;     // of this chunk's data; while its size is read: the size
  std::uint32_t digits_ = 0;   // of the chunk's size
  std::uint32_t skipped_ = 0;  // bytes of extensions and trailers
  bool done_ = false;
};

}  // namespace hubferry::http

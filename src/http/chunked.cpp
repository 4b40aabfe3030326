#include "http/chunked.h"

#include <algorithm>
#include <cstring>

namespace hubferry::http {
namespace {

constexpr std::uint32_t kMaxSkipped = 16 * 1024;
constexpr std::uint32_t kMaxDigits = 15;  // keeps the size below 2^60

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::decode(std::string_view in, char* out) {
  Step step;
  while (step.used < in.size() && !done_) {
    if (state_ == State::kData) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - step.used));
      std::memmove(out + step.made, in.data() + step.used, size);
      step.used += size;
      step.made += size;
      left_ -= size;
      if (left_ == 0) state_ = State::kDataEnd;
      continue;
    }
    step.outcome = byte(in[step.used++]);
    if (step.outcome != Outcome::kMore) return step;
  }
  if (done_) step.outcome = Outcome::kDone;
  return step;
}

ChunkedDecoder::Outcome ChunkedDecoder::byte(char c) {
  const auto expect = [&](char wanted, State next) {
    if (c != wanted) return Outcome::kBad;
    state_ = next;
    return Outcome::kMore;
  };
  switch (state_) {
    case State::kSize:
      return size_digit(c);
    case State::kExtension:
      if (c == '\r') state_ = State::kSizeEnd;
      return c == '\n' ? Outcome::kBad : skipped();
    case State::kSizeEnd:
      return c == '\n' ? size_line_ended() : Outcome::kBad;
    case State::kDataEnd:
      return expect('\r', State::kDataEndLf);
    case State::kDataEndLf:
      left_ = digits_ = 0;
      return expect('\n', State::kSize);
    case State::kTrailer:
      if (c == '\r') return expect('\r', State::kEnd);
      state_ = State::kTrailerLine;
      return c == '\n' ? Outcome::kBad : skipped();
    case State::kTrailerLine:
      if (c == '\r') state_ = State::kTrailerLf;
      return c == '\n' ? Outcome::kBad : skipped();
    case State::kTrailerLf:
      return expect('\n', State::kTrailer);
    case State::kEnd:
      done_ = c == '\n';
      return done_ ? Outcome::kDone : Outcome::kBad;
    case State::kData:
      break;
  }
  return Outcome::kBad;
}

ChunkedDecoder::Outcome ChunkedDecoder::size_digit(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0) {
    if (++digits_ > kMaxDigits) return Outcome::kBad;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return Outcome::kMore;
  }
  if (digits_ == 0) return Outcome::kBad;
  if (c == '\r') {
    state_ = State::kSizeEnd;
    return Outcome::kMore;
  }
  if (c != ';' && c != ' ' && c != '\t') return Outcome::kBad;
  state_ = State::kExtension;
  return skipped();
}

ChunkedDecoder::Outcome ChunkedDecoder::size_line_ended() {
  if (left_ > max_body_ - body_) return Outcome::kTooLarge;
  body_ += left_;
  state_ = left_ == 0 ? State::kTrailer : State::kData;
  return Outcome::kMore;
}

ChunkedDecoder::Outcome ChunkedDecoder::skipped() {
  return ++skipped_ > kMaxSkipped ? Outcome::kBad : Outcome::kMore;
}

}  // namespace hubferry::http

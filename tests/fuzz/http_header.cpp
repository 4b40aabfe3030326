// Headers of requests and responses, whole and as they arrive. Input: how to cut and what, the limit, the bytes.
#include <algorithm>

#include "fuzz/fuzz.h"
#include "http/header_parser.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file
using http::HeaderOutcome;

// Each piece in memory of its own, as in a buffer that grows.
template <class Parser>
HeaderOutcome feed(Parser& parser, std::string_view text, std::uint64_t limit, std::size_t piece) {
  HeaderOutcome outcome = HeaderOutcome::kMore;
  for (std::size_t size = 0; outcome == HeaderOutcome::kMore && size < text.size();) {
    size = std::min(size + piece, text.size());
    const fuzz::Exact arrived(text.substr(0, size));
    outcome = parser.feed(arrived.view(), limit);
  }
  return outcome;
}

template <class Parser>
void check_same(const Parser& a, const Parser& b, std::string_view text, std::uint64_t limit) {
  FUZZ_REQUIRE(a.header_size() == b.header_size() && a.header_size() <= std::min<std::uint64_t>(limit, text.size()));
  FUZZ_REQUIRE(text.substr(0, a.header_size()).ends_with("\r\n\r\n"));
  FUZZ_REQUIRE(a.keep_alive() == b.keep_alive() && a.chunked() == b.chunked() && a.http_1_1() == b.http_1_1());
  FUZZ_REQUIRE(a.content_length() == b.content_length());
  FUZZ_REQUIRE(!(a.chunked() && a.content_length()));  // one way only to find the end of the body
}

void check_request(std::string_view text, std::uint64_t limit, std::size_t piece) {
  http::RequestParser whole;
  http::RequestParser cut;
  const auto outcome = feed(whole, text, limit, text.size());
  // A header that is not good may turn out so sooner in one of them.
  FUZZ_REQUIRE((outcome == HeaderOutcome::kDone) == (feed(cut, text, limit, piece) == HeaderOutcome::kDone));
  if (outcome != HeaderOutcome::kDone) return;
  check_same(whole, cut, text, limit);
  const auto header = text.substr(0, whole.header_size());
  FUZZ_REQUIRE(!whole.method(header).empty() && !whole.target(header).empty());
  FUZZ_REQUIRE(whole.method(header) == cut.method(header) && whole.target(header) == cut.target(header));
  FUZZ_REQUIRE(whole.http_1_1() == false || whole.header(header, "HOST").has_value());
  for (const char* name : {"host", "content-type", "x-event-key", ""}) {
    const auto value = whole.header(header, name);
    FUZZ_REQUIRE(value == cut.header(header, name));
    FUZZ_REQUIRE(!value || value->find_first_of("\r\n") == std::string_view::npos);
  }
  FUZZ_REQUIRE(whole.expects() == cut.expects());
  FUZZ_REQUIRE(whole.expects() || !whole.expects_continue(header));
}

void check_response(std::string_view text, std::uint64_t limit, std::size_t piece) {
  http::ResponseParser whole;
  http::ResponseParser cut;
  const auto outcome = feed(whole, text, limit, text.size());
  // A header that is not good may turn out so sooner in one of them.
  FUZZ_REQUIRE((outcome == HeaderOutcome::kDone) == (feed(cut, text, limit, piece) == HeaderOutcome::kDone));
  if (outcome != HeaderOutcome::kDone) return;
  check_same(whole, cut, text, limit);
  FUZZ_REQUIRE(whole.status() == cut.status() && whole.status() >= 0 && whole.status() <= 999);
  FUZZ_REQUIRE(whole.retry_after() == cut.retry_after());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input bytes(data, size);
  const std::uint8_t cut = bytes.byte();
  const std::uint64_t limit = std::uint64_t{bytes.byte()} * 8;
  const auto text = bytes.rest();
  const std::size_t piece = std::size_t{1} + (cut & 31U);
  if (text.empty()) return 0;
  if ((cut & 128U) == 0) {
    check_request(text, limit, piece);
  } else {
    check_response(text, limit, piece);
  }
  return 0;
}

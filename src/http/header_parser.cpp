#include "http/header_parser.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <functional>
#include <limits>

namespace hubferry::http {
namespace {

namespace beast = boost::beast;

bool same_name(std::string_view a, std::string_view b) {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace

template <bool kRequest>
HeaderOutcome HeaderParser<kRequest>::feed(std::string_view message, std::uint64_t limit) {
  message_ = message;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  Base::header_limit(static_cast<std::uint32_t>(std::min(limit + 1, kMost)));
  Code error;
  parsed_ += Base::put(boost::asio::const_buffer(message.data() + parsed_, message.size() - parsed_), error);
  if (error == beast::http::error::header_limit) return HeaderOutcome::kTooLarge;
  if (error == beast::http::error::need_more) {
    return message.size() > limit ? HeaderOutcome::kTooLarge : HeaderOutcome::kMore;
  }
  if (error) return HeaderOutcome::kBad;
  if (!Base::is_header_done()) return message.size() > limit ? HeaderOutcome::kTooLarge : HeaderOutcome::kMore;
  if (parsed_ > limit) return HeaderOutcome::kTooLarge;
  return ambiguous_ || !well_formed() ? HeaderOutcome::kBad : HeaderOutcome::kDone;
}

template <bool kRequest>
std::optional<std::uint64_t> HeaderParser<kRequest>::content_length() const {
  const auto length = Base::content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

template <bool kRequest>
void HeaderParser<kRequest>::on_field_impl(Field field, Text name, Text value, Code& error) {
  // A folded line is joined in Beast's own memory; RFC 9112 section 5.2 lets a recipient refuse it.
  const std::less<const char*> before;
  if (before(value.data(), message_.data()) || before(message_.data() + message_.size(), value.data())) {
    error = beast::http::error::bad_value;
    return;
  }
  // Beast takes any coding but a final "chunked" for a message without a body.
  if (field == Field::transfer_encoding && (!beast::iequals(value, "chunked") || !http_1_1())) ambiguous_ = true;
  on_field(field, name, value);
}

void RequestParser::on_request_impl(beast::http::verb, Text method, Text target, int version, Code&) {
  method_ = span(method);
  target_ = span(target);
  version_ = version;
}

void RequestParser::on_field(Field field, Text name, Text value) {
  if (field == Field::host) ++hosts_;
  if (field == Field::expect) expect_ = span(value);
  fields_.emplace_back(span(name), span(value));
}

std::optional<std::string_view> RequestParser::header(std::string_view message, std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (same_name(field.in(message), name)) return value.in(message);
  }
  return std::nullopt;
}

bool RequestParser::expects_continue(std::string_view message) const {
  return expect_ && same_name(expect_->in(message), "100-continue");
}

void ResponseParser::on_response_impl(int code, Text, int version, Code&) {
  status_ = code;
  version_ = version;
}

void ResponseParser::on_field(Field field, Text, Text value) {
  if (field == Field::retry_after && retry_after_.empty()) retry_after_.assign(value.data(), value.size());
}

template class HeaderParser<true>;
template class HeaderParser<false>;

}  // namespace hubferry::http

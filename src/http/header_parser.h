#pragma once
#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hubferry::http {

enum class HeaderOutcome { kMore, kDone, kBad, kTooLarge };

// What requests and responses have in common: Beast's parser for the header alone, fed from a buffer that grows. The
// body is read by the owner. Stricter than Beast where the end of the body could be understood in two ways.
template <bool kRequest>
class HeaderParser : private boost::beast::http::basic_parser<kRequest> {
 public:
  // `message` starts with the message's first byte and holds all that has arrived of it, `limit` bounds the header.
  HeaderOutcome feed(std::string_view message, std::uint64_t limit);

  // After kDone.
  std::size_t header_size() const { return parsed_; }
  bool keep_alive() const { return Base::keep_alive(); }
  bool chunked() const { return Base::chunked(); }
  std::optional<std::uint64_t> content_length() const;
  bool http_1_1() const { return version_ == 11; }

 protected:
  using Base = boost::beast::http::basic_parser<kRequest>;
  using Text = boost::beast::string_view;
  using Code = boost::beast::error_code;
  using Field = boost::beast::http::field;
  struct Span {
    std::size_t at = 0;
    std::size_t size = 0;
    std::string_view in(std::string_view message) const { return message.substr(at, size); }
  };

  HeaderParser() { Base::skip(true); }

  Span span(Text text) const { return {static_cast<std::size_t>(text.data() - message_.data()), text.size()}; }
  virtual void on_field(Field field, Text name, Text value) = 0;
  virtual bool well_formed() const { return true; }

  int version_ = 0;

 private:
  void on_field_impl(Field field, Text name, Text value, Code& error) final;
  void on_header_impl(Code&) final {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Code&) final {}
  std::size_t on_body_impl(Text, Code&) final { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Code&) final {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Code&) final { return 0; }
  void on_trailer_field_impl(Field, Text, Text, Code&) {}  // pure in Boost >= 1.90, unknown before
  void on_finish_impl(Code&) final {}

  std::string_view message_;
  std::size_t parsed_ = 0;
  bool ambiguous_ = false;
};

// Keeps places, not pointers: the accessors get the buffer as it is now.
class RequestParser final : public HeaderParser<true> {
 public:
  std::string_view method(std::string_view message) const { return method_.in(message); }
  std::string_view target(std::string_view message) const { return target_.in(message); }
  std::optional<std::string_view> header(std::string_view message, std::string_view name) const;
  std::size_t field_count() const { return fields_.size(); }
  std::pair<std::string_view, std::string_view> field(std::string_view message, std::size_t index) const {
    return {fields_[index].first.in(message), fields_[index].second.in(message)};
  }
  bool expects() const { return expect_.has_value(); }
  bool expects_continue(std::string_view message) const;

 private:
  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, Code&) override;
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field(Field field, Text name, Text value) override;
  bool well_formed() const override { return hosts_ == 1 || (hosts_ == 0 && !http_1_1()); }

  Span method_;
  Span target_;
  std::vector<std::pair<Span, Span>> fields_;
  std::optional<Span> expect_;
  int hosts_ = 0;
};

class ResponseParser final : public HeaderParser<false> {
 public:
  int status() const { return status_; }
  const std::string& retry_after() const { return retry_after_; }

 private:
  void on_request_impl(boost::beast::http::verb, Text, Text, int, Code&) override {}
  void on_response_impl(int code, Text, int version, Code&) override;
  void on_field(Field field, Text name, Text value) override;

  int status_ = 0;
  std::string retry_after_;
};

}  // namespace hubferry::http

#include "transfer/http_exchange.h"

#include <spdlog/fmt/fmt.h>
#include <strings.h>

#include <algorithm>
#include <utility>

#include "transfer/url.h"

namespace hubferry::transfer {
namespace {

// RFC 9110, 5.6.2.
bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
}

}  // namespace

HttpExchange::HttpExchange(std::filesystem::path ca_file, HttpPost post, Transfer::Done done)
    : Exchange(std::move(ca_file), post.timeout), post_(std::move(post)), done_(std::move(done)) {}

std::string HttpExchange::name() const {
  return "POST " + show_url(post_.url);
}

// A header without value means to libcurl not to send it; with a semicolon it means to send it empty.
Status HttpExchange::add_headers() {
  bool typed = false;
  std::size_t number = 0;
  for (const std::string& header : post_.headers) {
    ++number;
    const auto colon = header.find(':');
    const std::string field = header.substr(0, colon);
    if (colon == std::string::npos || !is_token(field) || std::any_of(header.begin(), header.end(), is_control)) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: header {} is none; the expected form is Name: value, in one line", name(), number));
    }
    const bool empty = header.find_first_not_of(" \t", colon + 1) == std::string::npos;
    append(headers_, empty ? (field + ";").c_str() : header.c_str());
    typed = typed || ::strcasecmp(field.c_str(), "Content-Type") == 0;
  }
  append(headers_, "Expect:");
  if (!typed) append(headers_, "Content-Type:");
  return {};
}

Status HttpExchange::prepare(EasyOptions& options) {
  if (auto good = check_post_url(post_.url); !good) return good;
  if (auto good = add_headers(); !good) return good;
  options.set(CURLOPT_URL, post_.url.c_str())
      .set(CURLOPT_PROTOCOLS_STR, "http,https")
      .set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
      .set(CURLOPT_FOLLOWLOCATION, 0L)
      .set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
      .set(CURLOPT_USERAGENT, "hubferry/" HUBFERRY_VERSION)
      .set(CURLOPT_HTTPHEADER, headers_.get())
      .set(CURLOPT_POST, 1L)
      .set(CURLOPT_POSTFIELDS, post_.body.c_str())
      .set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post_.body.size()))
      .set(CURLOPT_WRITEFUNCTION, &HttpExchange::on_body)
      .set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  return {};
}

// Taking less than was offered ends the exchange, with CURLE_WRITE_ERROR.
std::size_t HttpExchange::on_body(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
  HttpAnswer& answer = static_cast<HttpExchange*>(self)->answer_;
  const std::size_t taken = std::min(size, kMaxAnswerBytes - answer.body.size());
  answer.body.append(bytes, taken);
  answer.cut = taken < size;
  return taken;
}

void HttpExchange::refused(Error error) {
  done_(tl::make_unexpected(std::move(error)));
}

void HttpExchange::ended(CURLcode code) {
  if (code != CURLE_OK && !answer_.cut) return done_(tl::make_unexpected(error(code)));
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  done_(std::move(answer_));
}

}  // namespace hubferry::transfer

#include "http/response_text.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <ctime>

#include "observe/json_text.h"

namespace hubferry::http {
namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  const auto append_clean = [&](std::string_view text) {
    const std::size_t from = out.size();
    out += text;
    const auto begin = out.begin() + static_cast<std::ptrdiff_t>(from);
    std::replace_if(begin, out.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  };
  append_clean(name);
  out += ": ";
  append_clean(value);
  out += "\r\n";
}

// RFC 9110 section 5.6.7, renewed once a second.
std::string_view http_date() {
  thread_local std::time_t written = -1;
  thread_local std::array<char, 40> text{};
  thread_local std::size_t size = 0;
  const std::time_t now = std::time(nullptr);
  if (now != written) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    written = now;
  }
  return {text.data(), size};
}

}  // namespace

std::string_view reason_phrase(int status) {
  if (status == 413) return "Content Too Large";  // as RFC 9110 names it
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  if (known == boost::beast::http::status::unknown) return {};
  const auto phrase = boost::beast::http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

void write_header(std::string& header, const Response& response, const ResponseFraming& framing) {
  header = "HTTP/1.1 ";
  append_number(header, static_cast<std::size_t>(response.status));
  header += ' ';
  header += reason_phrase(response.status);
  header += "\r\nDate: ";
  header += http_date();
  header += "\r\n";
  if (status_has_body(response.status)) {
    if (!response.content_type.empty()) append_field(header, "Content-Type", response.content_type);
    header += "Content-Length: ";
    append_number(header, response.body.size());
    header += "\r\n";
  }
  for (const auto& [name, value] : response.headers) append_field(header, name, value);
  if (!framing.keep_alive) {
    header += "Connection: close\r\n";
  } else if (!framing.http_1_1) {
    header += "Connection: keep-alive\r\n";
  }
  header += "\r\n";
}

Response problem(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = R"({"type":"about:blank","title":)";
  const std::string_view title = reason_phrase(status);
  observe::append_json_string(response.body, title.empty() ? "Error" : title);
  response.body += R"(,"status":)";
  append_number(response.body, static_cast<std::size_t>(status));
  response.body += R"(,"detail":)";
  observe::append_json_string(response.body, detail);
  response.body += '}';
  return response;
}

}  // namespace hubferry::http

#include "http/url.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/client.h"

namespace hubferry::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that the escape at the front of `text` stands for; -1: it is none.
int escaped_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_digit(text[1]);
  const int low = hex_digit(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string form_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  while (!text.empty()) {
    const int byte = escaped_byte(text);
    decoded += byte >= 0 ? static_cast<char>(byte) : text[0] == '+' ? ' ' : text[0];
    text.remove_prefix(byte >= 0 ? 3 : 1);
  }
  return decoded;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorCode::kInvalid, "port '" + std::string(text) + "' is not a number from 0 to 65535");
  }
  return port;
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return fail(ErrorCode::kInvalid, "']' is missing behind the IPv6 address");
    result.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return fail(ErrorCode::kInvalid, "only ':port' may follow ']'");
  } else {
    const auto colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
      return fail(ErrorCode::kInvalid, "an IPv6 address must be written in brackets, like [::1]:8080");
    }
    result.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (result.host.empty()) return fail(ErrorCode::kInvalid, "the host is missing");
  if (!rest.empty()) {
    auto port = parse_port(rest.substr(1));
    if (!port) return tl::make_unexpected(std::move(port.error()));
    result.port = *port;
  }
  return result;
}

std::string host_port_text(std::string_view host, std::uint16_t port) {
  const bool bracket = host.find(':') != std::string_view::npos;
  std::string text;
  if (bracket) text += '[';
  text += host;
  if (bracket) text += ']';
  return text + ':' + std::to_string(port);
}

std::optional<Target> split_target(std::string_view target) {
  if (!target.starts_with('/')) {
    const auto authority = target.find("://");
    if (authority == std::string_view::npos) return std::nullopt;
    const auto end = target.find_first_of("/?", authority + 3);
    if (end == std::string_view::npos || target[end] != '/') return std::nullopt;
    target.remove_prefix(end);
  }
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return Target{target, {}};
  return Target{target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  while (!text.empty()) {
    if (text[0] != '%') {
      decoded += text[0];
      text.remove_prefix(1);
      continue;
    }
    const int byte = escaped_byte(text);
    if (byte <= 0) return std::nullopt;
    decoded += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return decoded;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.empty() || form_decode(pair.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string() : form_decode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

Result<Url> parse_url(std::string_view text) {
  constexpr const char* kForm = "; the expected form is http://host[:port]/path or https://host[:port]/path";
  const auto wrong = [&](const std::string& reason) {
    return fail(ErrorCode::kInvalid, "URL '" + std::string(text) + "': " + reason + kForm);
  };
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  const bool tls = text.starts_with(kTls);
  if (!tls && !text.starts_with(kPlain)) return wrong("the scheme is neither http nor https");
  const auto outside_of_url = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  if (std::any_of(text.begin(), text.end(), outside_of_url)) return wrong("spaces and control characters need %XX");
  std::string_view rest = text.substr(tls ? kTls.size() : kPlain.size());
  rest = rest.substr(0, rest.find('#'));
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  // The reason must not repeat a password that somebody put there.
  if (authority.find('@') != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, std::string("a URL must not carry a user and password") + kForm);
  }
  auto host_port = parse_host_port(authority);
  if (!host_port) return wrong(host_port.error().message);
  if (host_port->port == 0) return wrong("port 0 cannot be connected to");
  const std::uint16_t usual_port = tls ? 443 : 80;
  Url url{tls ? "https" : "http", std::move(host_port->host), host_port->port.value_or(usual_port),
          std::string(rest.substr(authority.size()))};
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

}  // namespace hubferry::http

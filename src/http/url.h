#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hubferry::http {

struct HostPort {
  std::string host;  // IPv6 without brackets
  std::optional<std::uint16_t> port;
};

// "host", "host:port", "[ipv6]" or "[ipv6]:port". The error says what is wrong, without naming the option.
Result<HostPort> parse_host_port(std::string_view text);

// host:port as a URL or the Host header writes it; IPv6 in brackets.
std::string host_port_text(std::string_view host, std::uint16_t port);

struct Target {
  std::string_view path;   // starts with '/', still encoded
  std::string_view query;  // without '?'
};

// Takes a request's target apart: "/path?query" or "http://host/path?query". nullopt: it is neither.
std::optional<Target> split_target(std::string_view target);

// Replaces %XX. nullopt: an escape is cut short or not hexadecimal, or decodes to NUL.
std::optional<std::string> percent_decode(std::string_view text);

// The first `name` of a query string ("a=1&b=2", without '?'), decoded as form data: '+' is a space, an escape that is
// not one stays as it is.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace hubferry::http

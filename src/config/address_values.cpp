#include "config/address_values.h"

#include <algorithm>
#include <string>

namespace hubferry::config {
namespace {

constexpr std::size_t kLongestInstance = 200;

tl::unexpected<std::string> because(std::string reason) {
  return tl::make_unexpected(std::move(reason));
}

bool is_web(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

// What follows SCHEME://host[:port].
std::string_view behind_authority(std::string_view url) {
  const std::string_view authority = authority_of(url);
  return url.substr(static_cast<std::size_t>(authority.data() - url.data()) + authority.size());
}

Parsed<Value> with_good_host(std::string_view text) {
  if (const auto address = parse_authority(authority_of(text)); !address) return because(address.error());
  return Value{std::string(text), 0};
}

bool is_mail_address(std::string_view text) {
  const auto at = text.rfind('@');
  return all_graphic(text) && text.find_first_of("<>,") == std::string_view::npos && at != std::string_view::npos &&
         at != 0 && at + 1 != text.size();
}

}  // namespace

Parsed<Value> parse_instance(std::string_view text) {
  if (text.size() > kLongestInstance || !all_graphic(text)) {
    return because("must have at most " + std::to_string(kLongestInstance) + " characters and no white space");
  }
  return Value{std::string(text), 0};
}

Parsed<Value> parse_web_url(std::string_view text) {
  if (text.empty()) return Value{};
  if (!is_web(text)) return because("must be http://host[:port]/path or https://host[:port]/path");
  if (!all_graphic(text)) return because("must not contain white space");
  if (authority_of(text).find('@') != std::string_view::npos) return because("must not carry a user and password");
  if (text.find('#') != std::string_view::npos) return because("must not have a #fragment: it would never be sent");
  if (!behind_authority(text).starts_with('/')) return because("its path is missing, \"/\" will do");
  return with_good_host(text);
}

Parsed<Value> parse_public_url(std::string_view text) {
  if (text.empty()) return Value{};
  if (!is_web(text) || !behind_authority(text).empty()) {
    return because("must be http://host[:port] or https://host[:port], without a path");
  }
  return with_good_host(text);
}

Parsed<Value> parse_mail_server(std::string_view text) {
  if (text.empty()) return Value{};
  const bool known = text.starts_with("smtp://") || text.starts_with("smtps://");
  if (!known || !behind_authority(text).empty()) return because("must be smtp://host[:port] or smtps://host[:port]");
  return with_good_host(text);
}

Parsed<Value> parse_mail_addresses(std::string_view text, bool many) {
  if (text.empty()) return Value{};
  const auto list = many ? split_list(text) : std::vector{std::string(text)};
  if (list.empty() || !std::all_of(list.begin(), list.end(), is_mail_address)) {
    return because(many ? "must be addresses user@host, separated by commas" : "must be an address user@host");
  }
  return Value{std::string(text), 0};
}

Parsed<HostPort> parse_authority(std::string_view text) {
  const bool has_port = !text.empty() && text.back() != ']' && text.rfind(':') != std::string_view::npos;
  auto address = parse_host_port(has_port ? std::string(text) : std::string(text) + ":0");
  if (!address) return because("its host " + address.error());
  if (has_port && address->port == 0) return because("its port must be between 1 and 65535");
  return address;
}

std::string_view authority_of(std::string_view url) {
  const auto scheme = url.find("://");
  const std::string_view rest = url.substr(scheme == std::string_view::npos ? 0 : scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool is_graphic(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
}
bool all_graphic(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_graphic);
}

}  // namespace hubferry::config

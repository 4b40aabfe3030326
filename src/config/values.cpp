#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "config/address_values.h"
#include "config/consume_values.h"

namespace hubferry::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::int64_t kKibi = 1024;
constexpr std::array<Unit, 4> kDurationUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 10> kSizeUnits{{{"TiB", kKibi* kKibi* kKibi* kKibi},
                                           {"GiB", kKibi* kKibi* kKibi},
                                           {"MiB", kKibi* kKibi},
                                           {"KiB", kKibi},
                                           {"TB", 1'000'000'000'000},
                                           {"GB", 1'000'000'000},
                                           {"MB", 1'000'000},
                                           {"KB", 1'000},
                                           {"B", 1},
                                           {"", 1}}};

tl::unexpected<std::string> because(std::string reason) {
  return tl::make_unexpected(std::move(reason));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
Parsed<std::int64_t> with_unit(std::string_view text, const Unit* first, const Unit* last, const char* form) {
  text = trimmed(text);
  const auto digits = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const std::string_view name = trimmed(text.substr(digits));
  const Unit* unit = std::find_if(first, last, [&](const Unit& candidate) { return candidate.name == name; });
  if (digits == 0 || unit == last) return because(form);
  const auto number = parse_integer(text.substr(0, digits));
  if (!number || *number > std::numeric_limits<std::int64_t>::max() / unit->factor) return because("is too large");
  return *number * unit->factor;
}

Parsed<Value> in_range(Kind kind, std::string_view text, const Parsed<std::int64_t>& number, Range range) {
  if (!number) return because(number.error());
  if (*number < range.min || *number > range.max) return because("must be within " + range_text(kind, range));
  return Value{std::string(text), *number};
}

Parsed<Value> choice(std::string_view text, std::string_view choices) {
  if (one_of(text, choices)) return Value{std::string(text), 0};
  std::string list(choices);
  for (std::size_t at = 0; (at = list.find('|', at)) != std::string::npos; at += 2) list.replace(at, 1, ", ");
  return because("must be one of: " + list);
}

Parsed<Value> topic(std::string_view text) {
  const bool characters = std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
  if (!characters || text.empty() || text.size() > 249 || text == "." || text == "..") {
    return because("is no topic name: 1 to 249 of the characters a-z A-Z 0-9 . _ - and neither \".\" nor \"..\"");
  }
  return Value{std::string(text), 0};
}

Parsed<Value> group(std::string_view text) {
  if (text.empty() || text.size() > 256 || !all_graphic(text)) {
    return because("is no group id: 1 to 256 characters (Event Hubs' limit) without white space");
  }
  return Value{std::string(text), 0};
}

Parsed<Value> path(std::string_view text) {
  if (!text.starts_with('/')) return because("must be an absolute path");
  return Value{std::string(text), 0};
}

Parsed<Value> pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return because("must be a JSON pointer (RFC 6901) such as /customer/id");
  for (std::size_t at = 0; (at = text.find('~', at)) != std::string_view::npos; ++at) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) {
      return because("must be a JSON pointer (RFC 6901): after ~ only 0 or 1 may stand (~0 is ~, ~1 is /)");
    }
  }
  return Value{std::string(text), 0};
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(separator, from), text.size());
    const std::string_view word = trimmed(text.substr(from, to - from));
    if (!word.empty()) words.emplace_back(word);
    from = to + 1;
  }
  return words;
}

bool one_of(std::string_view word, std::string_view choices) {
  const auto list = split_list(choices, '|');
  return std::find(list.begin(), list.end(), word) != list.end();
}

Parsed<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return because("is too large");
  if (error != std::errc() || end != text.data() + text.size()) return because("must be a whole number");
  return number;
}

Parsed<std::int64_t> parse_duration(std::string_view text) {
  return with_unit(text, kDurationUnits.data(), kDurationUnits.data() + kDurationUnits.size(),
                   "must be a whole number with a unit: ms, s, m or h (500ms, 30s, 5m)");
}

Parsed<std::int64_t> parse_size(std::string_view text) {
  return with_unit(text, kSizeUnits.data(), kSizeUnits.data() + kSizeUnits.size(),
                   "must be a whole number of bytes, or with a unit: B, KB, MB, GB, TB (powers of 1000), "
                   "KiB, MiB, GiB, TiB (powers of 1024)");
}

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds == 0) return "0ms";
  const auto unit = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                                 [&](const Unit& candidate) { return milliseconds % candidate.factor == 0; });
  return std::to_string(milliseconds / unit->factor) + std::string(unit->name);
}

std::string size_text(std::int64_t bytes) {
  for (const Unit& unit : kSizeUnits) {
    const bool binary = unit.name.size() == 3;
    if (binary && bytes != 0 && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(bytes);
}

std::string range_text(Kind kind, Range range) {
  const auto show = [kind](std::int64_t number) {
    if (kind == Kind::kDuration) return duration_text(number);
    return kind == Kind::kSize ? size_text(number) : std::to_string(number);
  };
  return show(range.min) + ".." + show(range.max);
}

Parsed<HostPort> parse_host_port(std::string_view text) {
  constexpr const char* kForm = "must be host:port or [ipv6]:port with a port between 0 and 65535";
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos || text.substr(bracket + 1, 1) != ":") return because(kForm);
    host = text.substr(1, bracket - 1);
    port = text.substr(bracket + 2);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return because(kForm);
  } else {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return because(kForm);
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    const bool name = std::all_of(host.begin(), host.end(),
                                  [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; });
    if (!name) return because(kForm);
  }
  const auto number = parse_integer(port);
  if (host.empty() || !number || *number < 0 || *number > 65535 || !is_digit(port.front())) return because(kForm);
  return HostPort{std::string(host), static_cast<std::uint16_t>(*number)};
}

Parsed<std::string> parse_servers(std::string_view text) {
  const auto entries = split_list(text);
  if (entries.empty()) return because("must name at least one broker as host:port");
  for (std::string_view entry : entries) {
    if (const auto scheme = entry.find("://"); scheme != std::string_view::npos) entry.remove_prefix(scheme + 3);
    const bool has_port = entry.ends_with(']') ? false : entry.find(':') != std::string_view::npos;
    const auto address = parse_host_port(has_port ? std::string(entry) : std::string(entry) + ":9092");
    if (!address || address->port == 0) {
      return because("must be a list host:port,host:port with ports between 1 and 65535");
    }
  }
  return std::string(text);
}

Parsed<Value> parse_value(Kind kind, std::string_view text, Range range, std::string_view choices) {
  switch (kind) {
    case Kind::kFlag:
      if (text != "true" && text != "false") return because("must be true or false");
      return Value{std::string(text), text == "true" ? 1 : 0};
    case Kind::kChoice:
      return choice(text, choices);
    case Kind::kCount:
      return in_range(kind, text, parse_integer(text), range);
    case Kind::kDuration:
      return in_range(kind, text, parse_duration(text), range);
    case Kind::kSize:
      return in_range(kind, text, parse_size(text), range);
    case Kind::kHostPort:
      if (auto address = parse_host_port(text); !address) return because(address.error());
      return Value{std::string(text), 0};
    case Kind::kOptionalTopic:
      return text.empty() ? Value{} : topic(text);
    case Kind::kTopic:
      return topic(text);
    case Kind::kGroup:
      return group(text);
    case Kind::kHandler:
      return parse_handler(text);
    case Kind::kHeaders:
      return parse_headers(text);
    case Kind::kStart:
      return parse_start(text);
    case Kind::kPartitions:
      return parse_partitions(text);
    case Kind::kInstance:
      return parse_instance(text);
    case Kind::kWebUrl:
      return parse_web_url(text);
    case Kind::kPublicUrl:
      return parse_public_url(text);
    case Kind::kMailServer:
      return parse_mail_server(text);
    case Kind::kMailAddress:
    case Kind::kMailAddresses:
      return parse_mail_addresses(text, kind == Kind::kMailAddresses);
    case Kind::kPath:
      return path(text);
    case Kind::kPointer:
      return pointer(text);
    case Kind::kFile:
    case Kind::kList:
    case Kind::kText:
      break;
  }
  return Value{std::string(text), 0};
}

}  // namespace hubferry::config

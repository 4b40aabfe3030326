#include "config/consume_values.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <string>

#include "config/address_values.h"

namespace hubferry::config {
namespace {

constexpr const char* kHandlerForm =
    "must be http://host[:port]/path, https://host[:port]/path, command:/absolute/program argument..., "
    "file:/absolute/path, topic:NAME or discard:";
constexpr std::int64_t kMostPartitions = 100'000;

tl::unexpected<std::string> because(std::string reason) {
  return tl::make_unexpected(std::move(reason));
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

Parsed<Value> http_handler(std::string_view text) {
  if (!all_graphic(text)) return because("must not contain white space");
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return because("must not carry a user and password: put a token into handler.bearer-token-file");
  }
  if (rest.find('#') != std::string_view::npos) return because("must not have a #fragment: it would never be sent");
  if (rest.size() == authority.size() || rest[authority.size()] != '/') {
    return because(std::string(kHandlerForm) + ": the path is missing, \"/\" will do");
  }
  if (const auto address = parse_authority(authority); !address) return because(address.error());
  return Value{std::string(text), 0};
}

Parsed<Value> path_handler(std::string_view text, std::string_view path) {
  const bool absolute = path.size() > 1 && path[0] == '/' && path[1] != '/';
  if (!absolute || path.back() == '/') {
    return because("must name an absolute path after " + std::string(text.substr(0, text.find(':') + 1)) +
                   " (one slash, and a file's name)");
  }
  return Value{std::string(text), 0};
}

bool digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// YYYY-MM-DDThh:mm:ss[.fff]Z
Parsed<std::int64_t> utc_time(std::string_view text) {
  constexpr const char* kForm = "must be earliest, latest, or a time in UTC such as 2026-11-21T10:00:00Z";
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  std::int64_t fraction_ms = 0;
  std::string plain(text);
  if (const auto dot = plain.find('.'); dot != std::string::npos) {
    if (!plain.ends_with('Z') || plain.size() < dot + 3 || plain.size() > dot + 11) return because(kForm);
    const std::string fraction = plain.substr(dot + 1, plain.size() - dot - 2);
    if (!digits(fraction)) return because(kForm);
    fraction_ms = *parse_integer((fraction + "00").substr(0, 3));
    plain = plain.substr(0, dot) + "Z";
  }
  if (plain.size() != kShape.size()) return because(kForm);
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = plain[i] >= '0' && plain[i] <= '9';
    if (kShape[i] == '0' ? !digit : plain[i] != kShape[i]) return because(kForm);
  }
  const auto number = [&plain](std::size_t at, std::size_t size) {
    return static_cast<int>(*parse_integer(std::string_view(plain).substr(at, size)));
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!day.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) {
    return because("names a time that does not exist");
  }
  const auto time = std::chrono::sys_days(day) + std::chrono::hours(number(11, 2)) +
                    std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  if (since < 0) return because("must not be before 1970");
  return since + fraction_ms;
}

}  // namespace

Parsed<Value> parse_handler(std::string_view text) {
  if (text.starts_with("http://") || text.starts_with("https://")) return http_handler(text);
  if (text == "discard:") return Value{std::string(text), 0};
  if (text.starts_with("file:")) {
    if (!all_graphic(text)) return because("must not contain white space");
    return path_handler(text, text.substr(5));
  }
  if (text.starts_with("command:")) {
    const std::string_view line = text.substr(8);
    const auto program = path_handler(text, line.substr(0, line.find_first_of(" \t")));
    if (!program) return because(program.error());
    return Value{std::string(text), 0};
  }
  if (text.starts_with("topic:")) {
    if (const auto topic = parse_value(Kind::kTopic, text.substr(6), {}, {}); !topic) return because(topic.error());
    return Value{std::string(text), 0};
  }
  return because(kHandlerForm);
}

Parsed<Value> parse_headers(std::string_view text) {
  // What the daemon and the protocol say themselves.
  constexpr std::array<std::string_view, 8> kReserved{"host",       "content-length", "transfer-encoding", "connection",
                                                      "user-agent", "content-type",   "authorization",     "expect"};
  for (const std::string& line : split_list(text, ';')) {
    const auto colon = line.find(':');
    const std::string name = line.substr(0, colon);
    if (colon == std::string::npos || !is_token(name)) {
      return because("must be header lines such as X-Tenant: a; X-Stage: test");
    }
    const std::string small = lower(name);
    if (small == "authorization") return because("must not have Authorization: use handler.bearer-token-file");
    if (std::find(kReserved.begin(), kReserved.end(), small) != kReserved.end() || small.starts_with("x-hubferry-")) {
      return because("must not have " + name + ": the daemon sets it");
    }
    const std::string_view value = trimmed(std::string_view(line).substr(colon + 1));
    if (!std::all_of(value.begin(), value.end(), [](char c) { return is_graphic(c) || c == ' ' || c == '\t'; })) {
      return because("has a character in the value of " + name + " that no header may have");
    }
  }
  return Value{std::string(text), 0};
}

Parsed<Value> parse_start(std::string_view text) {
  if (text == "earliest" || text == "latest") return Value{std::string(text), 0};
  const auto time = utc_time(text);
  if (!time) return because(time.error());
  return Value{std::string(text), *time};
}

Parsed<Value> parse_partitions(std::string_view text) {
  if (text.empty() || text == "all") return Value{std::string(text), 0};
  std::set<std::int64_t> seen;
  for (const std::string& word : split_list(text)) {
    const auto number = parse_integer(word);
    if (!number || !digits(word) || *number >= kMostPartitions) {
      return because("must be all, or partition numbers separated by commas, such as 0,2");
    }
    if (!seen.insert(*number).second) return because("names partition " + word + " twice");
  }
  if (seen.empty()) return because("must be all, or partition numbers separated by commas, such as 0,2");
  return Value{std::string(text), 0};
}

}  // namespace hubferry::config

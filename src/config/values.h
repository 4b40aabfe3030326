#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace hubferry::config {

// What a key's text must look like.
enum class Kind {
  kFlag,           // true, false
  kChoice,         // one of a list
  kCount,          // a whole number
  kDuration,       // 500ms, 30s, 5m, 1h; the number is milliseconds
  kSize,           // 1000, 16MiB, 10GB; the number is bytes
  kHostPort,       // host:port, [ipv6]:port
  kTopic,          // a topic name by Kafka's rules
  kOptionalTopic,  // a topic name or nothing
  kGroup,          // a consumer group's id, at most 256 characters (Event Hubs' limit)
  kHandler,        // http(s)://host[:port]/path, command:/program argument, file:/absolute/path, topic:NAME, discard:
  kHeaders,        // "Name: value; Name: value"; empty: none
  kStart,          // earliest, latest, or an RFC 3339 time in UTC; the number is milliseconds since the Unix epoch
  kPartitions,     // "all", or partition numbers separated by commas; empty: none
  kInstance,       // up to 200 printable characters without white space; empty: the host's name
  kWebUrl,         // http(s)://host[:port]/path...; empty: none
  kPublicUrl,      // http(s)://host[:port]; empty: none
  kMailServer,     // smtp://host[:port], smtps://host[:port]; empty: none
  kMailAddress,    // user@host; empty: none
  kMailAddresses,  // user@host,user@host; empty: none
  kPath,           // an absolute path
  kFile,           // the path of a file to read; empty: none
  kPointer,        // RFC 6901 JSON pointer; empty: none
  kList,           // words separated by commas; empty: none
  kText,           // anything
};

struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

// A value that was read and found right. `number` holds counts, milliseconds, bytes and flags (0, 1).
struct Value {
  std::string text;
  std::int64_t number = 0;
};

// Either what was read or why not: a clause such as `must be within 1s..1h`, without option, source or value.
template <class T>
using Parsed = tl::expected<T, std::string>;

// `choices` ("a|b|c") counts for kChoice, `range` for kCount, kDuration and kSize.
Parsed<Value> parse_value(Kind kind, std::string_view text, Range range, std::string_view choices);

Parsed<std::int64_t> parse_integer(std::string_view text);   // decimal, an optional minus, nothing else
Parsed<std::int64_t> parse_duration(std::string_view text);  // milliseconds
Parsed<std::int64_t> parse_size(std::string_view text);      // bytes

// The largest unit that holds the number exactly: "1500ms", "5m", "64MiB", "1000".
std::string duration_text(std::int64_t milliseconds);
std::string size_text(std::int64_t bytes);
// "1s..1h", "1KiB..1GiB", "1..4096".
std::string range_text(Kind kind, Range range);

struct HostPort {
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 0;
};
Parsed<HostPort> parse_host_port(std::string_view text);

// host:port,host:port as bootstrap.servers takes them; an entry may lack its port and may have a PROTOCOL:// in front.
Parsed<std::string> parse_servers(std::string_view text);

std::vector<std::string> split_list(std::string_view text, char separator = ',');
std::string_view trimmed(std::string_view text);
std::string lower(std::string_view text);
bool one_of(std::string_view word, std::string_view choices);

}  // namespace hubferry::config

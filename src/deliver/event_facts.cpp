#include "deliver/event_facts.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "event/cloud_event.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kLongestTracestate = 512;  // W3C Trace Context, 3.3.1.1: at least this much is passed on

bool printable(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool only_zeros(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

// VERSION-TRACE_ID-PARENT_ID-FLAGS; later versions than 00 may have more behind it.
bool valid_traceparent(std::string_view text) {
  constexpr std::size_t kSize = 55;
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  if (!lower_hex(version) || !lower_hex(trace) || !lower_hex(parent) || !lower_hex(text.substr(53, 2))) return false;
  if (version == "ff" || only_zeros(trace) || only_zeros(parent)) return false;
  return version == "00" ? text.size() == kSize
                         : text.size() == kSize || (text[kSize] == '-' && text.size() < 256 && printable(text));
}

template <class Number>
void append_digits(Number number, std::string& to) {
  std::array<char, 24> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init): written at once
  to.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

// `width` decimal digits, then `behind`.
char* put(char* at, unsigned number, int width, char behind) {
  for (int i = width - 1; i >= 0; --i, number /= 10) at[i] = static_cast<char>('0' + number % 10);
  at[width] = behind;
  return at + width + 1;
}

bool starts_with_small(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
         });
}

}  // namespace

bool valid_attribute_value(std::string_view value) {
  bool ascii = true;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    ascii &= byte < 0x80;
    // U+0080 to U+009F
    if (byte == 0xC2 && i + 1 < value.size() && static_cast<unsigned char>(value[i + 1]) < 0xA0) return false;
  }
  return ascii || simdjson::validate_utf8(value.data(), value.size());
}

std::string_view attribute_name(const event::Header& header) {
  constexpr std::string_view kPrefix = "ce_";
  if (!header.name.starts_with(kPrefix) || !header.value) return {};
  const std::string_view name = header.name.substr(kPrefix.size());
  if (!event::valid_attribute_name(name) || name == "datacontenttype") return {};
  return valid_attribute_value(*header.value) ? name : std::string_view{};
}

EventFacts facts_of(const event::Record& record) {
  EventFacts facts;
  std::optional<event::Origin> forwarded;
  unsigned required = 0;  // a bit for each required attribute
  for (const event::Header& header : record.headers) {
    if (!header.value || header.name.size() < event::kOriginHeader.size()) continue;
    if (header.name == event::kOriginHeader) {
      facts.origin = event::decode_origin(*header.value);
    } else if (header.name == event::kForwardedOriginHeader) {
      forwarded = event::decode_origin(*header.value);
    } else if (header.name == "content-type") {
      if (printable(*header.value)) facts.content_type = *header.value;
    } else if (header.name == "traceparent") {
      if (valid_traceparent(*header.value)) facts.traceparent = *header.value;
    } else if (header.name == "tracestate") {
      if (header.value->size() <= kLongestTracestate && printable(*header.value)) facts.tracestate = *header.value;
    } else if (const std::string_view name = attribute_name(header); !name.empty() && !header.value->empty()) {
      required |= name == "id" ? 1U : name == "source" ? 2U : name == "type" ? 4U : name == "specversion" ? 8U : 0U;
    }
  }
  if (!facts.origin) facts.origin = forwarded;
  if (facts.traceparent.empty()) facts.tracestate = {};
  facts.structured = starts_with_small(facts.content_type, "application/cloudevents");
  facts.cloud_event = required == 15U && !facts.structured;
  return facts;
}

void append_idempotency_key(const event::Record& record, const EventFacts& facts, std::string& to) {
  if (facts.origin) {
    append_hex(facts.origin->source, to);
    to += '-';
    append_number(facts.origin->sequence, to);
    return;
  }
  to += record.topic;
  to += '-';
  append_number(std::int64_t{record.partition}, to);
  to += '-';
  append_number(record.offset, to);
}

bool append_time(std::int64_t timestamp_ms, std::string& to) {
  constexpr std::int64_t kDay = 86'400'000;
  constexpr std::int64_t kEnd = 253'402'300'800'000;  // 10000-01-01
  if (timestamp_ms < 0 || timestamp_ms >= kEnd) return false;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(timestamp_ms / kDay))};
  const auto of_day = static_cast<unsigned>(timestamp_ms % kDay);
  std::array<char, 24> text{};
  char* at = put(text.data(), static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  at = put(at, static_cast<unsigned>(date.month()), 2, '-');
  at = put(at, static_cast<unsigned>(date.day()), 2, 'T');
  at = put(at, of_day / 3'600'000, 2, ':');
  at = put(at, of_day / 60'000 % 60, 2, ':');
  at = put(at, of_day / 1'000 % 60, 2, '.');
  put(at, of_day % 1'000, 3, 'Z');
  to.append(text.data(), text.size());
  return true;
}

void append_number(std::int64_t number, std::string& to) {
  append_digits(number, to);
}
void append_number(std::uint64_t number, std::string& to) {
  append_digits(number, to);
}

void append_hex(std::uint64_t number, std::string& to) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::array<char, 16> digits{};
  for (std::size_t i = digits.size(); i-- > 0; number >>= 4) digits[i] = kDigits[number & 0xFU];
  to.append(digits.data(), digits.size());
}

}  // namespace hubferry::deliver

#include "deliver/event_line.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "base/base64.h"
#include "base/ids.h"
#include "event/origin.h"

namespace hubferry::deliver {
namespace {

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::value(text));
}

// A copy (hf-origin) is told by the event that it is a copy of.
std::optional<event::Origin> origin_of(const event::Record& record) {
  std::optional<event::Origin> forwarded;
  for (const event::Header& header : record.headers) {
    if (header.name == event::kOriginHeader) return header.value ? event::decode_origin(*header.value) : std::nullopt;
    if (header.name == event::kForwardedOriginHeader && header.value) forwarded = event::decode_origin(*header.value);
  }
  return forwarded;
}

// "NAME":"text", or "NAME_base64":"..." for bytes that are no text: a JSON string of them is valid only as UTF-8.
void append_text(std::string& line, std::string_view name, std::string_view bytes, event::JsonEvents& json) {
  const std::string text = json_string(bytes);
  line += '"';
  line += name;
  line += json.valid(text) ? "\":" + text : "_base64\":\"" + base64(bytes) + '"';
}

void append_place(std::string& line, const event::Record& record, event::JsonEvents& json) {
  line += "\"topic\":" + json_string(record.topic) + ",\"partition\":" + std::to_string(record.partition) +
          ",\"offset\":" + std::to_string(record.offset) + ",\"timestamp\":" + std::to_string(record.timestamp_ms);
  if (!record.key) return;
  line += ',';
  append_text(line, "key", *record.key, json);
}

void append_headers(std::string& line, const event::Record& record, event::JsonEvents& json) {
  const char* before = ",\"headers\":[{";
  for (const event::Header& header : record.headers) {
    if (header.name == event::kOriginHeader) continue;
    line += before;
    append_text(line, "name", header.name, json);
    line += ',';
    if (header.value) {
      append_text(line, "value", *header.value, json);
    } else {
      line += "\"value\":null";
    }
    before = "},{";
  }
  if (*before == '}') line += "}]";
}

void append_origin_and_value(std::string& line, const event::Record& record, event::JsonEvents& json) {
  if (const auto origin = origin_of(record)) {
    line += ",\"source\":\"" + id_text(origin->source) + "\",\"sequence\":" + std::to_string(origin->sequence) +
            ",\"epoch\":" + std::to_string(origin->epoch);
  }
  if (!record.value) {
    line += ",\"value\":null";
  } else if (json.valid(*record.value)) {
    // Line feeds are only white space in JSON, but would end the line.
    line += ",\"value\":";
    const std::size_t at = line.size();
    line += *record.value;
    std::replace_if(
        line.begin() + static_cast<std::ptrdiff_t>(at), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  } else {
    line += ",\"value_base64\":\"" + base64(*record.value) + "\"";
  }
  line += "}\n";
}

}  // namespace

std::string idempotency_key(const event::Record& record) {
  if (const auto origin = origin_of(record)) return id_text(origin->source) + '-' + std::to_string(origin->sequence);
  return std::string(record.topic) + '-' + std::to_string(record.partition) + '-' + std::to_string(record.offset);
}

std::string ndjson_line(const event::Record& record, event::JsonEvents& json) {
  std::string line = "{";
  append_place(line, record, json);
  append_origin_and_value(line, record, json);
  return line;
}

std::string command_input(std::uint64_t id, const Delivery& delivery, event::JsonEvents& json) {
  const event::Record& record = *delivery.record;
  std::string line = "{\"id\":" + std::to_string(id) + ",\"attempt\":" + std::to_string(delivery.attempt) +
                     ",\"last_attempt\":" + (delivery.last_attempt ? "true" : "false") +
                     ",\"idempotency_key\":" + json_string(idempotency_key(record)) + ',';
  append_place(line, record, json);
  append_headers(line, record, json);
  append_origin_and_value(line, record, json);
  return line;
}

}  // namespace hubferry::deliver

#include "deliver/event_line.h"

#include "deliver/json_members.h"
#include "event/origin.h"

namespace hubferry::deliver {

void append_delivery_members(const Delivery& delivery, const EventFacts& facts, std::string& to) {
  to += "\"attempt\":";
  append_number(std::uint64_t{delivery.attempt}, to);
  to += delivery.last_attempt ? ",\"last_attempt\":true" : ",\"last_attempt\":false";
  to += ",\"idempotency_key\":\"";
  append_idempotency_key(*delivery.record, facts, to);
  to += '"';
}

void append_place_members(const event::Record& record, std::string& to) {
  append_text_member("topic", record.topic, to);
  to += ",\"partition\":";
  append_number(std::int64_t{record.partition}, to);
  to += ",\"offset\":";
  append_number(record.offset, to);
  to += ",\"timestamp\":";
  append_number(record.timestamp_ms, to);
  if (!record.key) return;
  to += ',';
  append_text_member("key", *record.key, to);
}

void append_header_member(const event::Record& record, std::string& to) {
  const char* before = ",\"headers\":[{";
  for (const event::Header& header : record.headers) {
    if (header.name == event::kOriginHeader || header.name == event::kForwardedOriginHeader) continue;
    to += before;
    append_text_member("name", header.name, to);
    to += ',';
    if (header.value) {
      append_text_member("value", *header.value, to);
    } else {
      to += "\"value\":null";
    }
    before = "},{";
  }
  if (*before == '}') to += "}]";
}

void append_event_members(const event::Record& record, const EventFacts& facts, bool json_value, std::string& to) {
  if (facts.origin) {
    to += ",\"source\":\"";
    append_hex(facts.origin->source, to);
    to += "\",\"sequence\":";
    append_number(facts.origin->sequence, to);
    to += ",\"epoch\":";
    append_number(std::uint64_t{facts.origin->epoch}, to);
  }
  if (!record.value) {
    to += ",\"value\":null";
  } else if (json_value) {
    to += ",\"value\":";
    append_one_line(*record.value, to);
  } else {
    append_base64_member(",\"value_base64\":\"", *record.value, to);
  }
}

std::string ndjson_line(const event::Record& record, event::JsonEvents& json) {
  std::string line = "{";
  append_place_members(record, line);
  append_event_members(record, facts_of(record), record.value && json.valid(*record.value), line);
  line += "}\n";
  return line;
}

std::string command_input(std::uint64_t id, const Delivery& delivery, event::JsonEvents& json) {
  const event::Record& record = *delivery.record;
  const EventFacts facts = facts_of(record);
  std::string line = "{\"id\":";
  append_number(id, line);
  line += ',';
  append_delivery_members(delivery, facts, line);
  line += ',';
  append_place_members(record, line);
  append_header_member(record, line);
  append_event_members(record, facts, record.value && json.valid(*record.value), line);
  line += "}\n";
  return line;
}

}  // namespace hubferry::deliver

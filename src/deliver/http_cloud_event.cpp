#include <simdjson.h>

#include "deliver/event_facts.h"
#include "deliver/http_json.h"
#include "deliver/json_members.h"

namespace hubferry::deliver {
namespace {

// ,"NAME":"text"
void append_member(std::string_view name, std::string_view text, std::string& to) {
  to += ",\"";
  to += name;
  to += "\":";
  append_json_string(text, to);
}

bool is_json_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  type = type.substr(0, type.find_last_not_of(' ') + 1);
  return type.empty() || type.ends_with("/json") || type.ends_with("+json");
}

// What the daemon adds; `has` says what the event has already. Each member has a comma before it.
template <class Has>
void append_extensions(const Delivery& delivery, const EventFacts& facts, const Has& has, std::string& to) {
  const event::Record& record = *delivery.record;
  if (!has("idempotencykey")) {
    to += ",\"idempotencykey\":\"";
    append_idempotency_key(record, facts, to);
    to += '"';
  }
  if (!has("hubferrypartition")) {
    to += ",\"hubferrypartition\":";
    append_number(std::int64_t{record.partition}, to);
  }
  if (!has("hubferryoffset")) {  // a CloudEvents Integer has only 32 bits
    to += ",\"hubferryoffset\":\"";
    append_number(record.offset, to);
    to += '"';
  }
  if (!has("hubferryattempt")) {
    to += ",\"hubferryattempt\":";
    append_number(std::uint64_t{delivery.attempt}, to);
  }
  if (delivery.last_attempt && !has("hubferrylastattempt")) to += ",\"hubferrylastattempt\":true";
  if (record.key && !record.key->empty() && valid_attribute_value(*record.key) && !has("partitionkey")) {
    append_member("partitionkey", *record.key, to);
  }
  if (!facts.traceparent.empty() && !has("traceparent")) {
    append_member("traceparent", facts.traceparent, to);
    if (!facts.tracestate.empty() && !has("tracestate")) append_member("tracestate", facts.tracestate, to);
  }
}

void append_own_attributes(const event::Record& record, std::string& to) {
  to += "{\"specversion\":\"1.0\"";
  for (const event::Header& header : record.headers) {
    const std::string_view name = attribute_name(header);
    if (!name.empty() && name != "specversion") append_member(name, *header.value, to);
  }
}

void append_made_attributes(const event::Record& record, const EventFacts& facts, const CloudEventNames& names,
                            std::string& to) {
  to += "{\"specversion\":\"1.0\",\"id\":\"";
  append_idempotency_key(record, facts, to);
  to += '"';
  append_member("source", names.source, to);
  append_member("type", names.type, to);
  const std::size_t before = to.size();
  to += ",\"time\":\"";
  if (append_time(record.timestamp_ms, to)) {
    to += '"';
  } else {
    to.resize(before);
  }
}

void append_data(const event::Record& record, const EventFacts& facts, JsonCheck& json, std::string& to) {
  std::string_view content_type = facts.content_type;
  const bool text = record.value && !is_json_type(content_type) &&
                    simdjson::validate_utf8(record.value->data(), record.value->size());
  const bool document = record.value && is_json_type(content_type) && json.valid(*record.value);
  if (record.value && !text && !document && content_type.empty()) content_type = "application/octet-stream";
  if (!content_type.empty()) append_member("datacontenttype", content_type, to);
  if (document) {
    to += ",\"data\":";
    to += *record.value;
  } else if (text) {
    append_member("data", *record.value, to);
  } else if (record.value) {
    append_base64_member(",\"data_base64\":\"", *record.value, to);
  }
}

}  // namespace

void append_structured_event(const Delivery& delivery, const CloudEventNames& names, JsonCheck& json, std::string& to) {
  const event::Record& record = *delivery.record;
  const EventFacts facts = facts_of(record);
  if (facts.structured && record.value && json.valid(*record.value) && json.is_object()) {
    const std::string_view object = *record.value;
    // Its own members follow those that are added.
    const std::size_t before = to.size();
    append_extensions(delivery, facts, [&json](std::string_view name) { return json.has(name); }, to);
    if (to.size() == before) to += ' ';
    to[before] = '{';
    if (to.size() > before + 1) to += ',';
    to += object.substr(object.find('{') + 1);
    return;
  }
  if (facts.cloud_event) {
    append_own_attributes(record, to);
  } else {
    append_made_attributes(record, facts, names, to);
  }
  const auto has = [&](std::string_view name) {
    if (!facts.cloud_event) return false;
    for (const event::Header& header : record.headers) {
      if (attribute_name(header) == name) return true;
    }
    return false;
  };
  append_extensions(delivery, facts, has, to);
  append_data(record, facts, json, to);
  to += '}';
}

}  // namespace hubferry::deliver

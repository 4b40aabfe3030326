#include "deliver/http_body.h"

#include "deliver/http_event.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kAroundAnEvent = 384;  // bytes of JSON besides key and value, about

void append_headers(const event::Record& record, std::string& to) {
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

}  // namespace

std::string BatchBody::part(std::size_t from, std::size_t to) const {
  const std::size_t begin = begins_[from];
  const std::size_t end = to < begins_.size() ? begins_[to] : text_.size();
  if (!array_) return text_.substr(begin, end - begin);
  // Behind the last event stands a comma or the array's end.
  return '[' + text_.substr(begin, end - 1 - begin) + ']';
}

BatchBody BatchWriter::write(const std::vector<Delivery>& deliveries) {
  BatchBody body;
  body.array_ = format_ != config::HttpFormat::kNdjson;
  std::size_t bytes = 2;
  for (const Delivery& delivery : deliveries) {
    const event::Record& record = *delivery.record;
    bytes += kAroundAnEvent + record.key.value_or("").size() + record.value.value_or("").size();
  }
  body.text_.reserve(bytes);
  body.begins_.reserve(deliveries.size());
  if (body.array_) body.text_ += '[';
  for (const Delivery& delivery : deliveries) {
    body.begins_.push_back(body.text_.size());
    if (format_ == config::HttpFormat::kCloudEvents) {
      append_structured_event(delivery, names_, json_, body.text_);
    } else {
      append_envelope(delivery, body.text_);
    }
    body.text_ += body.array_ ? ',' : '\n';
  }
  if (body.array_) body.text_.back() = ']';
  return body;
}

void BatchWriter::append_envelope(const Delivery& delivery, std::string& to) {
  const event::Record& record = *delivery.record;
  const EventFacts facts = facts_of(record);
  to += "{\"attempt\":";
  append_number(std::uint64_t{delivery.attempt}, to);
  to += delivery.last_attempt ? ",\"last_attempt\":true" : ",\"last_attempt\":false";
  to += ",\"idempotency_key\":\"";
  append_idempotency_key(record, facts, to);
  to += "\",";
  append_text_member("topic", record.topic, to);
  to += ",\"partition\":";
  append_number(std::int64_t{record.partition}, to);
  to += ",\"offset\":";
  append_number(record.offset, to);
  to += ",\"timestamp\":";
  append_number(record.timestamp_ms, to);
  if (record.key) {
    to += ',';
    append_text_member("key", *record.key, to);
  }
  append_headers(record, to);
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
  } else if (json_.valid(*record.value)) {
    to += ",\"value\":";
    append_one_line(*record.value, to);
  } else {
    append_base64_member(",\"value_base64\":\"", *record.value, to);
  }
  to += '}';
}

}  // namespace hubferry::deliver

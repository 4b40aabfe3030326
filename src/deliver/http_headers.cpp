#include "deliver/http_headers.h"

#include <algorithm>
#include <utility>

#include "deliver/event_facts.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kLongestKey = 4096;
constexpr const char* kDigits = "0123456789ABCDEF";

void append_escape(char c, std::string& to) {
  const auto byte = static_cast<unsigned char>(c);
  to += {'%', kDigits[byte >> 4], kDigits[byte & 0xFU]};
}

// RFC 3986 unreserved characters stay, everything else becomes %XX.
void append_percent_encoded(std::string_view bytes, std::string& to) {
  for (const char c : bytes) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      to += c;
    } else {
      append_escape(c, to);
    }
  }
}

std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return small;
}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  return from == std::string_view::npos ? std::string_view{}
                                        : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

bool set_for_each_event(const std::string& name) {
  return name == "idempotency-key" || name == "traceparent" || name == "tracestate" || name.starts_with("ce-");
}

std::string batch_type(config::HttpFormat format) {
  switch (format) {
    case config::HttpFormat::kNdjson:
      return "application/x-ndjson";
    case config::HttpFormat::kCloudEvents:
      return "application/cloudevents-batch+json; charset=UTF-8";
    case config::HttpFormat::kJsonArray:
    case config::HttpFormat::kSingle:
      break;
  }
  return "application/json";
}

}  // namespace

void append_attribute(std::string_view value, std::string& to) {
  for (const char c : value) {
    if (c > 0x20 && c < 0x7F && c != '"' && c != '%') {
      to += c;
    } else {
      append_escape(c, to);
    }
  }
}

Result<DeliveryHeaders> DeliveryHeaders::make(const config::ConsumeRoute& route) {
  DeliveryHeaders headers;
  headers.names_ = {"/topics/" + route.topic, "hubferry.event"};
  for (const std::string& line : route.handler.headers) {
    const auto colon = std::min(line.find(':'), line.size());
    const std::string_view name = trimmed(std::string_view(line).substr(0, colon));
    const std::string_view value = trimmed(std::string_view(line).substr(std::min(colon + 1, line.size())));
    const std::string small = lower(name);
    if (small == "ce-source" || small == "ce-type") {
      (small == "ce-type" ? headers.names_.type : headers.names_.source) = value;
    } else if (set_for_each_event(small)) {
      return fail(ErrorCode::kInvalid, "consume." + route.name + ".handler.headers must not have " + std::string(name) +
                                           ": the daemon sets it for each event (of ce-*, ce-source and ce-type can "
                                           "be given, for events that are no CloudEvents)");
    } else {
      headers.fixed_.append(name).append(": ").append(value).append("\r\n");
    }
  }
  if (headers.names_.source.empty() || headers.names_.type.empty()) {
    return fail(ErrorCode::kInvalid, "consume." + route.name + ".handler.headers: ce-source and ce-type need a value");
  }
  headers.fixed_ += "X-HubFerry-Topic: " + route.topic + "\r\n";
  headers.content_type_ = batch_type(route.handler.format);
  headers.made_event_ = "ce-specversion: 1.0\r\nce-source: ";
  append_attribute(headers.names_.source, headers.made_event_);
  headers.made_event_ += "\r\nce-type: ";
  append_attribute(headers.names_.type, headers.made_event_);
  headers.made_event_ += "\r\nce-id: ";
  return headers;
}

void DeliveryHeaders::append(const Delivery& delivery, std::string& lines) const {
  const event::Record& record = *delivery.record;
  const EventFacts facts = facts_of(record);
  lines += "Content-Type: ";
  lines += facts.content_type.empty() ? "application/json" : facts.content_type;
  lines += "\r\nIdempotency-Key: ";
  append_idempotency_key(record, facts, lines);
  lines += "\r\nX-HubFerry-Partition: ";
  append_number(std::int64_t{record.partition}, lines);
  lines += "\r\nX-HubFerry-Offset: ";
  append_number(record.offset, lines);
  if (record.timestamp_ms >= 0) {
    lines += "\r\nX-HubFerry-Timestamp: ";
    append_number(record.timestamp_ms, lines);
  }
  lines += "\r\nX-HubFerry-Attempt: ";
  append_number(std::uint64_t{delivery.attempt}, lines);
  if (delivery.last_attempt) lines += "\r\nX-HubFerry-Last-Attempt: true";
  if (!record.value) lines += "\r\nX-HubFerry-Tombstone: true";
  if (record.key && record.key->size() <= kLongestKey) {
    lines += "\r\nX-HubFerry-Key: ";
    append_percent_encoded(*record.key, lines);
  }
  if (facts.origin) {
    lines += "\r\nX-HubFerry-Source: ";
    append_hex(facts.origin->source, lines);
    lines += "\r\nX-HubFerry-Sequence: ";
    append_number(facts.origin->sequence, lines);
    lines += "\r\nX-HubFerry-Epoch: ";
    append_number(std::uint64_t{facts.origin->epoch}, lines);
  }
  if (!facts.traceparent.empty()) {
    lines += "\r\ntraceparent: ";
    lines += facts.traceparent;
  }
  if (!facts.tracestate.empty()) {
    lines += "\r\ntracestate: ";
    lines += facts.tracestate;
  }
  lines += "\r\n";
  if (!facts.structured) append_cloud_event(delivery, facts, lines);
}

void DeliveryHeaders::append_cloud_event(const Delivery& delivery, const EventFacts& facts, std::string& lines) const {
  const event::Record& record = *delivery.record;
  if (facts.cloud_event) {
    for (const event::Header& header : record.headers) {
      const std::string_view name = attribute_name(header);
      if (name.empty()) continue;
      lines += "ce-";
      lines += name;
      lines += ": ";
      append_attribute(*header.value, lines);
      lines += "\r\n";
    }
    return;
  }
  lines += made_event_;
  append_idempotency_key(record, facts, lines);
  lines += "\r\n";
  const std::size_t before = lines.size();
  lines += "ce-time: ";
  append_time(record.timestamp_ms, lines) ? lines += "\r\n" : (lines.resize(before), lines);
  if (record.key && !record.key->empty() && record.key->size() <= kLongestKey && valid_attribute_value(*record.key)) {
    lines += "ce-partitionkey: ";
    append_attribute(*record.key, lines);
    lines += "\r\n";
  }
}

std::string DeliveryHeaders::of_batch(std::size_t events) const {
  return "Content-Type: " + content_type_ + "\r\nX-HubFerry-Events: " + std::to_string(events) + "\r\n";
}

}  // namespace hubferry::deliver

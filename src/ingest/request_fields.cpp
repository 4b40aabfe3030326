#include "ingest/request_fields.h"

#include <algorithm>
#include <array>

#include "ingest/media_type.h"

namespace hubferry::ingest {
namespace {

constexpr std::string_view kEventHeader = "x-event-header-";

// RFC 9110, 9111 and 9112, what browsers and proxies add, and the trace context, which differs from try to try.
constexpr auto kProtocolFields = std::to_array<std::string_view>({
    "accept",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "expect",
    "forwarded",
    "from",
    "host",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "request-id",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "warning",
    "x-real-ip",
    "x-request-id",
    "x-requested-with",
});
constexpr auto kProtocolPrefixes =
    std::to_array<std::string_view>({"accept-", "if-", "proxy-", "sec-", "x-envoy-", "x-forwarded-", "x-ms-"});

void set_first(std::optional<std::string_view>& place, std::string_view value) {
  if (!place) place = value;
}

}  // namespace

bool is_protocol_field(std::string_view name) {
  return std::any_of(kProtocolFields.begin(), kProtocolFields.end(),
                     [&](std::string_view field) { return same_name(name, field); }) ||
         std::any_of(kProtocolPrefixes.begin(), kProtocolPrefixes.end(),
                     [&](std::string_view prefix) { return starts_with_name(name, prefix); });
}

void RequestFields::read(const http::Request& request, Form form) {
  begin(form);
  for (std::size_t i = 0; i < request.header_count(); ++i) {
    const auto [name, value] = request.header_at(i);
    add(name, value);
  }
}

void RequestFields::begin(Form form) {
  form_ = form;
  content_type_.reset();
  event_key_.reset();
  idempotency_key_.reset();
  broker_properties_.reset();
  cloud_event_.clear();
  headers_.clear();
  properties_.clear();
  texts_.clear();
}

void RequestFields::add(std::string_view name, std::string_view value) {
  switch (name.empty() ? '\0' : name.front() | 0x20) {  // an ASCII letter in lower case
    case 'c':
      if (same_name(name, "content-type")) return set_first(content_type_, value);
      if (form_ == Form::kNative && starts_with_name(name, "ce-")) return cloud_event_.add(name.substr(3), value);
      break;
    case 'x':
      if (same_name(name, "x-event-key")) return set_first(event_key_, value);
      if (starts_with_name(name, kEventHeader) && name.size() > kEventHeader.size()) {
        headers_.push_back({name.substr(kEventHeader.size()), value});
        return;
      }
      break;
    case 'i':
      if (same_name(name, "idempotency-key")) return set_first(idempotency_key_, value);
      break;
    case 'b':
      if (form_ == Form::kEventHubs && same_name(name, "brokerproperties")) return set_first(broker_properties_, value);
      break;
    default:
      break;
  }
  if (form_ == Form::kEventHubs && !is_protocol_field(name)) add_property(name, value);
}

// A string may come in quotes, as a JSON string would.
void RequestFields::add_property(std::string_view name, std::string_view value) {
  if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
    std::string& text = texts_.emplace_back();
    event::append_unquoted(value, text);
    value = text;
  }
  properties_.push_back({name, value});
}

}  // namespace hubferry::ingest

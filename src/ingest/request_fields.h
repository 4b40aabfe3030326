#pragma once
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/cloud_event.h"
#include "event/event.h"
#include "http/server.h"

namespace hubferry::ingest {

// The header fields of one request that mean something here, found in one walk over them. Kept and reused from request
// to request, so that it stops allocating; its views live as long as the request. Of a field that is sent twice the
// first counts.
class RequestFields {
 public:
  // What POST /v1/topics/... looks at, or what Event Hubs' REST interface does, where every field that is not one of
  // HTTP's own is a property of the event.
  enum class Form { kNative, kEventHubs };

  void read(const http::Request& request, Form form);

  // What read() does: a new request, then each of its fields in their order.
  void begin(Form form);
  void add(std::string_view name, std::string_view value);

  std::string_view content_type() const { return content_type_.value_or(""); }
  std::optional<std::string_view> event_key() const { return event_key_; }                  // X-Event-Key
  std::optional<std::string_view> idempotency_key() const { return idempotency_key_; }      // Idempotency-Key
  std::optional<std::string_view> broker_properties() const { return broker_properties_; }  // kEventHubs
  event::BinaryCloudEvent& cloud_event() { return cloud_event_; }                           // ce-*; kNative
  const event::BinaryCloudEvent& cloud_event() const { return cloud_event_; }
  const std::vector<event::Header>& headers() const { return headers_; }        // X-Event-Header-NAME: NAME
  const std::vector<event::Header>& properties() const { return properties_; }  // kEventHubs

 private:
  void add_property(std::string_view name, std::string_view value);

  Form form_ = Form::kNative;
  std::optional<std::string_view> content_type_;
  std::optional<std::string_view> event_key_;
  std::optional<std::string_view> idempotency_key_;
  std::optional<std::string_view> broker_properties_;
  event::BinaryCloudEvent cloud_event_;
  std::vector<event::Header> headers_;
  std::vector<event::Header> properties_;
  std::deque<std::string> texts_;  // what properties_ point to besides the request
};

// Whether Event Hubs' REST interface would take a field for HTTP's, a proxy's or a tracer's, not for a property.
bool is_protocol_field(std::string_view name);

}  // namespace hubferry::ingest

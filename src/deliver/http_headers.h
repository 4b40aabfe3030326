#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "deliver/handler.h"

namespace hubferry::deliver {

// Attributes of CloudEvents that are made of events that are none.
struct CloudEventNames {
  std::string source;  // "/topics/TOPIC", or what the route's handler.headers say of ce-source
  std::string type;    // "hubferry.event", or ce-type of handler.headers
};

// The header lines of requests to an HTTP handler. One event (format single):
//   Content-Type       the record header content-type, else application/json
//   Idempotency-Key    see append_idempotency_key()
//   X-HubFerry-Topic, -Partition, -Offset, -Timestamp (ms), -Attempt (from 1)
//   X-HubFerry-Last-Attempt: true   a failure is final
//   X-HubFerry-Key     percent-encoded; missing when the event has no key or one of more than 4096 bytes
//   X-HubFerry-Tombstone: true      the event has no value; the body is empty
//   X-HubFerry-Source, -Sequence, -Epoch   from `hf`, else from `hf-origin`
//   traceparent, tracestate         from the record headers of these names, if they are valid
//   ce-*               CloudEvents 1.0, binary content mode: those of a record that is a CloudEvent, else specversion,
//                      id (the idempotency key), source, type, time (the broker's) and partitionkey (a text key).
//                      None when the value is itself a CloudEvent in JSON (Content-Type application/cloudevents...).
// A batch:
//   Content-Type, X-HubFerry-Topic, X-HubFerry-Events (how many); the rest is in the body.
class DeliveryHeaders {
 public:
  // The error names a line of handler.headers that the daemon sets itself.
  static Result<DeliveryHeaders> make(const config::ConsumeRoute& route);

  // Lines of every request: the route's own and what is the same for all events.
  const std::string& fixed() const { return fixed_; }
  const CloudEventNames& names() const { return names_; }

  // Lines of one event's request.
  void append(const Delivery& delivery, std::string& lines) const;
  std::string of_batch(std::size_t events) const;

 private:
  void append_cloud_event(const Delivery& delivery, const struct EventFacts& facts, std::string& lines) const;

  std::string fixed_;
  std::string content_type_;  // of batches
  CloudEventNames names_;
  std::string made_event_;  // fixed lines of a generated CloudEvent, up to the value of ce-id
};

// As the CloudEvents HTTP binding writes an attribute's value into a header: percent-encoded.
void append_attribute(std::string_view value, std::string& to);

}  // namespace hubferry::deliver

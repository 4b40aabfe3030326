#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "deliver/handler.h"
#include "deliver/http_headers.h"
#include "deliver/http_json.h"

namespace hubferry::deliver {

// The body of one batch, from which the body of any of its parts can be cut.
class BatchBody {
 public:
  std::string_view whole() const { return text_; }
  std::size_t events() const { return begins_.size(); }
  // The body with only the events from..to-1.
  std::string part(std::size_t from, std::size_t to) const;

 private:
  friend class BatchWriter;
  std::string text_;
  std::vector<std::size_t> begins_;  // of each event's JSON
  bool array_ = false;               // else lines
};

// Writes events of a batch format; keeps the JSON parser's buffers between calls. One thread.
//
// ndjson (one a line) and json-array: an object for each event, that of command and file handlers,
//   {"attempt":1,"last_attempt":false,"idempotency_key":"t-0-7","topic":"t","partition":0,"offset":7,
//    "timestamp":1700000000000,"key":"k","headers":[{"name":"content-type","value":"application/json"}],
//    "source":"<16 hex>","sequence":1,"epoch":0,"value":<the event>}
//   so that bytes that are no JSON, tombstones and keys have a form of their own and every event can be told from its
//   resends. A value that is no JSON is given as "value_base64", a tombstone as "value":null, a key, header name or
//   header value that is not UTF-8 as "..._base64". key, headers and source to epoch are missing when there is none;
//   `hf` and `hf-origin` are not among the headers.
//
// cloudevents: CloudEvents 1.0, JSON batch format. A record that is a CloudEvent (headers ce_*, or JSON of Content-Type
//   application/cloudevents+json) stays one with its own attributes; others get id (the idempotency key), source, type
//   and time. Added to all of them, unless they have them: idempotencykey, hubferrypartition, hubferryoffset (text),
//   hubferryattempt, hubferrylastattempt: true, partitionkey (a text key), traceparent, tracestate. JSON is "data" as
//   it is; text of another content type is "data" as a string; everything else is "data_base64"; a tombstone has
//   neither.
class BatchWriter {
 public:
  BatchWriter(config::HttpFormat format, CloudEventNames names) : format_(format), names_(std::move(names)) {}

  BatchBody write(const std::vector<Delivery>& deliveries);

 private:
  void append_envelope(const Delivery& delivery, std::string& to);

  const config::HttpFormat format_;
  const CloudEventNames names_;
  JsonCheck json_;
};

}  // namespace hubferry::deliver

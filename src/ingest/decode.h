#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "event/event.h"
#include "event/json_event.h"
#include "ingest/fingerprint.h"
#include "spool/record_batch.h"

namespace hubferry::ingest {

// One request with events. `body` has JsonEvents::kPadding more readable bytes; all views live as long as the call.
struct DecodeInput {
  std::string_view body;
  std::string_view content_type;        // empty: none was sent
  std::optional<std::string_view> key;  // X-Event-Key: of every event; wins over all other keys
  std::string_view key_pointer;         // of the route, RFC 6901; empty: none
  std::uint64_t max_event_bytes = 0;    // of value, key and headers
  std::uint32_t max_batch_events = 0;
  std::int32_t partition = event::OutboundEvent::kAnyPartition;  // of every event
  std::span<const event::Header> headers = {};                   // of every event: X-Event-Header-*
  std::span<const event::Header> properties = {};  // of an event posted in Event Hubs' REST form, not of a batch
  // Record headers of a CloudEvent in binary mode, checked; empty: it is none.
  std::span<const event::Header> cloud_event = {};
  std::optional<std::string_view> cloud_event_key = {};  // its partitionkey
  // With an Idempotency-Key: what the batch's note says.
  struct Identity {
    Fingerprint key;
    Fingerprint content;
  };
  std::optional<Identity> identity = {};
};

// Why a request is refused, as HTTP says it.
struct Refusal {
  int status = 400;
  std::string detail;
};

using Decoded = tl::expected<spool::RecordBatch, Refusal>;

// Turns the body of POST /v1/topics/{topic}/events into the records to spool, all of them or none. `hf` is never among
// their headers.
//   a CloudEvent in binary mode        one event: the body (checked if its type is JSON; empty: no data) with the
//                                      record headers of the Kafka binding and content-type
//   application/cloudevents+json       one event, its attributes checked, stored byte by byte with content-type
//   application/cloudevents-batch+json each element one event like that; an empty array is refused
//   application/json, any +json, none  one event, checked to be one JSON document, stored byte by byte
//   application/x-ndjson, .../jsonl    one event a line, each checked; empty lines are skipped
//   any other                          one event, the body's bytes, with the record header content-type
// The key is `key`, else partitionkey, else what stands at the key pointer of a JSON event, which then must have one.
Decoded decode_events(const DecodeInput& input, event::JsonEvents& json);

// The same for POST /{hub}/messages, as Event Hubs' REST interface takes it. `broker_properties` is the header field of
// that name: JSON with a PartitionKey; not looked at for a batch.
//   application/vnd.microsoft.servicebus.json
//               an array, each element one event: Body (IsBodyBase64), UserProperties as record headers, and
//               BrokerProperties.PartitionKey as key
//   any other   one event, the body's bytes, with the record header content-type; looked into only for a key pointer,
//               and only if it is JSON
Decoded decode_hub_messages(const DecodeInput& input, std::optional<std::string_view> broker_properties,
                            event::JsonEvents& json);

}  // namespace hubferry::ingest

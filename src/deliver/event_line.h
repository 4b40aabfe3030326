#pragma once
#include <cstdint>
#include <string>

#include "deliver/handler.h"
#include "event/event.h"
#include "event/json_event.h"

namespace hubferry::deliver {

// One event as one line of NDJSON, with the line feed:
//   {"topic":"t","partition":0,"offset":7,"timestamp":1700000000000,"key":"k",
//    "source":"<16 hex>","sequence":1,"epoch":0,"value":<the event>}
// A key or value that is not UTF-8 text or not JSON is given as "key_base64" or "value_base64"; a tombstone has
// "value":null. source, sequence and epoch are there when the record has a valid `hf` or `hf-origin` header.
std::string ndjson_line(const event::Record& record, event::JsonEvents& json);

// The same for a command handler, with more members in front:
//   "id":1,"attempt":1,"last_attempt":false,"idempotency_key":"t-0-7",
// and behind the key, if the event has headers (without `hf`):
//   "headers":[{"name":"content-type","value":"application/json"}]
// A header's value that is not UTF-8 text is given as "value_base64", a missing one is null.
std::string command_input(std::uint64_t id, const Delivery& delivery, event::JsonEvents& json);

// SOURCE-SEQUENCE when the record has a valid `hf` or `hf-origin` header, so that a resend of one event has the same
// key; else TOPIC-PARTITION-OFFSET.
std::string idempotency_key(const event::Record& record);

}  // namespace hubferry::deliver

#pragma once
#include <cstdint>
#include <string>

#include "deliver/event_facts.h"
#include "deliver/handler.h"
#include "event/event.h"
#include "event/json_event.h"

namespace hubferry::deliver {

// An event as members of a JSON object; commas stand between the members of one call, and before the first where it is
// shown. All of them as file handlers ("file"), command handlers and HTTP batches ("delivered") write them:
//   delivered  "attempt":1,"last_attempt":false,"idempotency_key":"t-0-7"
//   all        "topic":"t","partition":0,"offset":7,"timestamp":1700000000000,"key":"k"
//   delivered  ,"headers":[{"name":"content-type","value":"application/json"}]
//   all        ,"source":"<16 hex>","sequence":1,"epoch":0,"value":<the event>
// A key, header name or header value that is not UTF-8 is "..._base64", a value that is no JSON "value_base64"; a
// tombstone and a missing header value are null. There is no "key" without a key, no "headers" without others than `hf`
// and `hf-origin`, and source, sequence and epoch are those of one of the two.
void append_delivery_members(const Delivery& delivery, const EventFacts& facts, std::string& to);
void append_place_members(const event::Record& record, std::string& to);
void append_header_member(const event::Record& record, std::string& to);
// `json_value`: there is a value, and it is valid JSON.
void append_event_members(const event::Record& record, const EventFacts& facts, bool json_value, std::string& to);

// One event as one line of NDJSON, with the line feed, for file handlers.
std::string ndjson_line(const event::Record& record, event::JsonEvents& json);

// The same as a command handler gets it, "id":1 in front.
std::string command_input(std::uint64_t id, const Delivery& delivery, event::JsonEvents& json);

}  // namespace hubferry::deliver

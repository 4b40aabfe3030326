#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/event.h"
#include "event/origin.h"

namespace hubferry::deliver {

// What an HTTP handler is told about a record besides its place, found in one pass over the record headers. They are
// anybody's bytes: what is not fit for a header line or a CloudEvent is treated as missing. Views are the record's.
struct EventFacts {
  std::string_view content_type;        // printable ASCII; empty: none
  std::optional<event::Origin> origin;  // of `hf`, else of `hf-origin`
  std::string_view traceparent;         // W3C Trace Context; empty: none
  std::string_view tracestate;          // empty without a traceparent
  bool structured = false;              // the value is a CloudEvent in the JSON event format
  bool cloud_event = false;             // has the headers ce_specversion, ce_id, ce_source and ce_type
};
EventFacts facts_of(const event::Record& record);

// The name of a CloudEvents attribute that the record header carries (Kafka protocol binding 1.0, "ce_"); empty: none,
// or its value is no legal attribute value.
std::string_view attribute_name(const event::Header& header);

// UTF-8 without control characters.
bool valid_attribute_value(std::string_view value);

// SOURCE-SEQUENCE of the origin, so that a resend, a replay and a forwarded copy of one event have the same key, else
// TOPIC-PARTITION-OFFSET.
void append_idempotency_key(const event::Record& record, const EventFacts& facts, std::string& to);

// 2023-11-14T22:13:20.000Z. False: nothing was appended, the time is before 1970 or after 9999.
bool append_time(std::int64_t timestamp_ms, std::string& to);

void append_number(std::int64_t number, std::string& to);
void append_number(std::uint64_t number, std::string& to);
// 16 lower-case hexadecimal digits.
void append_hex(std::uint64_t number, std::string& to);

}  // namespace hubferry::deliver

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/json_event.h"
#include "spool/record_batch.h"

namespace hubferry::ingest {

struct DecodeInput {
  std::string_view body;                // JsonEvents::kPadding more bytes are readable
  std::string_view content_type;        // empty: application/json
  std::optional<std::string_view> key;  // X-Event-Key: for every event of the request; wins over the pointer
  std::string_view key_pointer;
  std::uint64_t max_event_bytes = 0;
  std::uint32_t max_batch_events = 0;
};

// Why a request is refused, as HTTP says it.
struct Refusal {
  int status = 400;
  std::string detail;
};

// Turns a request's body into the records to spool, all of them or none:
//   application/json, any +json, no type   one event, checked to be one JSON document, stored byte by byte
//   application/x-ndjson, application/jsonl  one event a line, each checked; empty lines are skipped
//   any other type                          one event, the body's bytes, with the record header content-type
tl::expected<spool::RecordBatch, Refusal> decode_events(const DecodeInput& input, event::JsonEvents& json);

}  // namespace hubferry::ingest

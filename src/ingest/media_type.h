#pragma once
#include <string_view>

namespace hubferry::ingest {

// How a body is to be read.
enum class Shape {
  kJson,              // application/json, any +json, or no type: one event
  kLines,             // application/x-ndjson, application/jsonl: one event a line
  kBytes,             // any other: one event
  kCloudEvent,        // application/cloudevents+json: one event, structured
  kCloudEventBatch,   // application/cloudevents-batch+json: an array of them
  kForeignBatch,      // application/cloudevents-batch in another format
  kForeignCloudEvent  // application/cloudevents in another format: its bytes are one event
};

// Parameters and case of a Content-Type do not matter.
Shape shape_of(std::string_view content_type);

// Whether it is application/vnd.microsoft.servicebus.json, the batch type of Event Hubs' REST interface.
bool is_service_bus_batch(std::string_view content_type);

// ASCII only, as names in HTTP are.
bool same_name(std::string_view a, std::string_view b);
bool starts_with_name(std::string_view text, std::string_view prefix);

}  // namespace hubferry::ingest

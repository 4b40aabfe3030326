#pragma once
#include <simdjson.h>

#include <deque>
#include <string>
#include <vector>

#include "event/json_event.h"

namespace hubferry::event {

// What JsonEvents keeps between calls. Each parse ends the life of all earlier answers.
struct JsonEvents::Parser {
  simdjson::dom::parser dom;
  simdjson::ondemand::parser slices;  // only for the bytes of an array's elements
  std::deque<std::string> texts;      // what views of the last answer point to besides the document
  std::vector<CloudEvent> cloud_events;
  std::vector<HubMessage> messages;
  std::vector<Header> properties;            // of all messages
  std::vector<std::size_t> property_counts;  // by message

  Result<simdjson::dom::element> parse(std::string_view json);
  // The text of a string, number or boolean; nullopt: it is none of these.
  std::optional<std::string_view> text_of(const simdjson::dom::element& value);
  Status add_message(const simdjson::dom::object& object);
  Result<std::string_view> key_at(const simdjson::dom::element& document, const std::string& key_pointer);
};

}  // namespace hubferry::event

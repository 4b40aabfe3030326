// CloudEvents in the JSON event format and the JSON batch format, version 1.0.
#include "event/cloud_event.h"
#include "event/json_parser.h"

namespace hubferry::event {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

auto invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

std::string quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

Status check_required(const simdjson::dom::object& event) {
  for (const std::string_view name : {"specversion", "id", "source", "type"}) {
    element value;
    if (event.at_key(name).get(value) || value.is_null()) {
      return invalid("the CloudEvents attribute " + quoted(name) +
                     " is missing; an event has specversion, id, source and type");
    }
    std::string_view text;
    if (value.get(text) || text.empty()) {
      return invalid("the CloudEvents attribute " + quoted(name) + " is not a string that says something");
    }
    if (name == "specversion" && text != "1.0") {
      return invalid("specversion is " + quoted(text) + "; only \"1.0\" is understood");
    }
  }
  return {};
}

// Names and types of all members; finds the partition key.
Result<JsonEvents::Key> check_members(const simdjson::dom::object& event) {
  JsonEvents::Key partition_key;
  bool data = false;
  bool data_base64 = false;
  for (const auto member : event) {
    const element_type type = member.value.type();
    if (member.key == "data") {
      data = true;
    } else if (member.key == "data_base64") {
      data_base64 = true;
      if (type != element_type::STRING) return invalid("\"data_base64\" is not a string");
    } else if (!valid_attribute_name(member.key)) {
      return invalid(quoted(member.key) +
                     " does not name a CloudEvents attribute: only lower-case letters and digits may");
    } else if (type == element_type::OBJECT || type == element_type::ARRAY) {
      return invalid("the CloudEvents attribute " + quoted(member.key) +
                     " is an object or array; only data may be one");
    } else if (member.key == "partitionkey" && type != element_type::NULL_VALUE) {
      std::string_view key;
      if (member.value.get(key)) return invalid("the CloudEvents attribute \"partitionkey\" is not a string");
      partition_key = key;
    }
  }
  if (data && data_base64) return invalid("the event has both \"data\" and \"data_base64\"");
  return partition_key;
}

Result<JsonEvents::Key> check_event(const element& document) {
  simdjson::dom::object event;
  if (document.get(event)) return invalid("a CloudEvent is a JSON object, this is not");
  if (auto required = check_required(event); !required) return tl::make_unexpected(required.error());
  return check_members(event);
}

}  // namespace

Result<JsonEvents::CloudEvent> JsonEvents::check_cloud_event(std::string_view json, const std::string& key_pointer) {
  const auto document = parser_->parse(json);
  if (!document) return tl::make_unexpected(document.error());
  auto key = check_event(*document);
  if (!key) return tl::make_unexpected(key.error());
  if (*key || key_pointer.empty()) return CloudEvent{json, *key};
  const auto pointed = parser_->key_at(*document, key_pointer);
  if (!pointed) return tl::make_unexpected(pointed.error());
  return CloudEvent{json, *pointed};
}

Result<std::span<const JsonEvents::CloudEvent>> JsonEvents::check_cloud_events(std::string_view json,
                                                                               const std::string& key_pointer) {
  const auto document = parser_->parse(json);
  if (!document) return tl::make_unexpected(document.error());
  simdjson::dom::array array;
  if (document->get(array)) return invalid("a batch of CloudEvents is a JSON array, this is not");
  auto& events = parser_->cloud_events;
  events.clear();
  for (const element event : array) {
    const auto wrong = [&](const Error& error) {
      return invalid("event " + std::to_string(events.size() + 1) + " of the batch: " + error.message);
    };
    auto key = check_event(event);
    if (!key) return wrong(key.error());
    if (!*key && !key_pointer.empty()) {
      const auto pointed = parser_->key_at(event, key_pointer);
      if (!pointed) return wrong(pointed.error());
      *key = *pointed;
    }
    events.push_back({{}, *key});
  }
  // The document is known to be well-formed and an array of objects: this cannot fail.
  simdjson::ondemand::document bytes;
  simdjson::ondemand::array slices;
  if (parser_->slices.iterate(json.data(), json.size(), json.size() + kPadding).get(bytes) || bytes.get(slices)) {
    return invalid("not valid JSON");
  }
  auto event = events.begin();
  for (auto slice : slices) {
    simdjson::ondemand::object object;
    std::string_view raw;  // with the white space up to the next token
    if (event == events.end() || slice.get(object) || object.raw_json().get(raw)) return invalid("not valid JSON");
    event->json = raw.substr(0, raw.rfind('}') + 1);
    ++event;
  }
  return std::span<const CloudEvent>(events);
}

}  // namespace hubferry::event

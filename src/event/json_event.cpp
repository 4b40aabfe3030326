#include "event/json_event.h"

#include <simdjson.h>

namespace hubferry::event {

static_assert(JsonEvents::kPadding >= simdjson::SIMDJSON_PADDING);

struct JsonEvents::Parser {
  simdjson::dom::parser dom;
};

JsonEvents::JsonEvents() : parser_(std::make_unique<Parser>()) {}
JsonEvents::~JsonEvents() = default;

Result<std::optional<std::string_view>> JsonEvents::check(std::string_view json, const std::string& key_pointer) {
  simdjson::dom::element document;
  if (const auto error = parser_->dom.parse(json.data(), json.size(), false).get(document)) {
    return fail(ErrorCode::kInvalid, std::string("not valid JSON: ") + simdjson::error_message(error));
  }
  if (key_pointer.empty()) return std::optional<std::string_view>{};
  simdjson::dom::element key;
  if (document.at_pointer(key_pointer).get(key)) {
    return fail(ErrorCode::kInvalid, "the event has no value at the route's key-pointer " + key_pointer);
  }
  switch (key.type()) {
    case simdjson::dom::element_type::STRING:
      return std::optional<std::string_view>{key.get_string().value_unsafe()};
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
    case simdjson::dom::element_type::BOOL:
      key_ = simdjson::minify(key);
      return std::optional<std::string_view>{key_};
    default:
      return fail(ErrorCode::kInvalid,
                  "the value at the route's key-pointer " + key_pointer + " is not a string, number or boolean");
  }
}

bool JsonEvents::valid(std::string_view json) {
  simdjson::dom::element document;
  return parser_->dom.parse(json.data(), json.size(), true).get(document) == simdjson::SUCCESS;
}

}  // namespace hubferry::event

#include "event/json_event.h"

#include "event/json_parser.h"

namespace hubferry::event {

static_assert(JsonEvents::kPadding >= simdjson::SIMDJSON_PADDING);

JsonEvents::JsonEvents() : parser_(std::make_unique<Parser>()) {}
JsonEvents::~JsonEvents() = default;

Result<simdjson::dom::element> JsonEvents::Parser::parse(std::string_view json) {
  texts.clear();
  simdjson::dom::element document;
  if (const auto error = dom.parse(json.data(), json.size(), false).get(document)) {
    return fail(ErrorCode::kInvalid, std::string("not valid JSON: ") + simdjson::error_message(error));
  }
  return document;
}

std::optional<std::string_view> JsonEvents::Parser::text_of(const simdjson::dom::element& value) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      return value.get_string().value_unsafe();
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
    case simdjson::dom::element_type::BOOL:
      return texts.emplace_back(simdjson::minify(value));
    default:
      return std::nullopt;
  }
}

Result<std::string_view> JsonEvents::Parser::key_at(const simdjson::dom::element& document,
                                                    const std::string& key_pointer) {
  simdjson::dom::element value;
  if (document.at_pointer(key_pointer).get(value)) {
    return fail(ErrorCode::kInvalid, "the event has no value at the route's key-pointer " + key_pointer);
  }
  const auto key = text_of(value);
  if (!key) {
    return fail(ErrorCode::kInvalid,
                "the value at the route's key-pointer " + key_pointer + " is not a string, number or boolean");
  }
  return *key;
}

Result<JsonEvents::Key> JsonEvents::check(std::string_view json, const std::string& key_pointer) {
  const auto document = parser_->parse(json);
  if (!document) return tl::make_unexpected(document.error());
  if (key_pointer.empty()) return Key{};
  const auto key = parser_->key_at(*document, key_pointer);
  if (!key) return tl::make_unexpected(key.error());
  return Key{*key};
}

bool JsonEvents::valid(std::string_view json) {
  simdjson::dom::element document;
  return parser_->dom.parse(json.data(), json.size(), true).get(document) == simdjson::SUCCESS;
}

}  // namespace hubferry::event

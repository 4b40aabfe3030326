#include "deliver/http_json.h"

#include <simdjson.h>

namespace hubferry::deliver {

struct JsonCheck::Document {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

JsonCheck::JsonCheck() : document_(std::make_unique<Document>()) {}
JsonCheck::~JsonCheck() = default;

bool JsonCheck::valid(std::string_view json) {
  // A byte order mark is no JSON inside of another document, though parsers may pass over it at the start.
  if (json.empty() || json.front() == '\xEF') return false;
  return document_->parser.parse(json.data(), json.size(), true).get(document_->root) == simdjson::SUCCESS;
}

bool JsonCheck::is_object() const {
  simdjson::dom::object object;
  return document_->root.get(object) == simdjson::SUCCESS && object.begin() != object.end();
}

bool JsonCheck::has(std::string_view name) const {
  return document_->root.at_key(name).error() == simdjson::SUCCESS;
}

}  // namespace hubferry::deliver

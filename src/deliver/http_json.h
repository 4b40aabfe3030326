#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "deliver/handler.h"
#include "deliver/http_headers.h"

namespace hubferry::deliver {

// Looks at anybody's bytes; keeps its buffers between calls. One thread.
class JsonCheck {
 public:
  JsonCheck();
  ~JsonCheck();

  // One valid JSON document (RFC 8259, UTF-8), which may be put into another.
  bool valid(std::string_view json);

  // After valid(): a JSON object with at least one member.
  bool is_object() const;
  // After is_object(): whether it has a member of that name.
  bool has(std::string_view name) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

// "NAME":"text", or "NAME_base64":"..." for bytes that are not UTF-8.
void append_text_member(std::string_view name, std::string_view bytes, std::string& to);
// A JSON string of UTF-8 text.
void append_json_string(std::string_view text, std::string& to);
// `before`, the bytes in base64, and a closing quote.
void append_base64_member(std::string_view before, std::string_view bytes, std::string& to);
// Valid JSON without line breaks.
void append_one_line(std::string_view json, std::string& to);

// One event as an element of a CloudEvents JSON batch (see BatchWriter).
void append_structured_event(const Delivery& delivery, const CloudEventNames& names, JsonCheck& json, std::string& to);

}  // namespace hubferry::deliver

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

// One event as an element of a CloudEvents JSON batch (see BatchWriter).
void append_structured_event(const Delivery& delivery, const CloudEventNames& names, JsonCheck& json, std::string& to);

}  // namespace hubferry::deliver

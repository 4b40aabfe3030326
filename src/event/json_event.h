#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hubferry::event {

// Checks that bytes are one complete JSON document (RFC 8259, UTF-8) and finds its key. Keeps the parser's buffers
// between calls: one per thread. DOM, not On-Demand: the latter accepts malformed documents when one field is read.
class JsonEvents {
 public:
  JsonEvents();
  ~JsonEvents();

  // At least kPadding bytes behind `json` must be readable. `key_pointer` is an RFC 6901 pointer, empty for none. The
  // key is the string, or the number or boolean as text; kInvalid when the document is malformed or has no such value
  // there. The returned view is valid until the next call.
  static constexpr std::size_t kPadding = 64;
  Result<std::optional<std::string_view>> check(std::string_view json, const std::string& key_pointer);

  // Whether bytes are valid JSON; needs no padding.
  bool valid(std::string_view json);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string key_;
};

}  // namespace hubferry::event

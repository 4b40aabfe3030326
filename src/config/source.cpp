#include "config/source.h"

#include "config/schema.h"
#include "config/values.h"

namespace hubferry::config {

std::string shown_whole(std::string_view value, bool secret) {
  const std::string words = lower(value);
  for (const char* mark : {"sharedaccesskey", "sharedaccesssignature", "-----begin"}) {
    secret = secret || words.find(mark) != std::string::npos;
  }
  if (secret) return "(hidden)";
  std::string text(value);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

std::string shown(std::string_view value, bool secret) {
  constexpr std::size_t kLongest = 120;
  std::string text = shown_whole(value, secret);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

Error option_error(const Assignment& assignment, std::string_view reason) {
  return Error{ErrorCode::kInvalid,
               assignment.origin.text + ": " + shown(assignment.key, false) + " = " +
                   shown(assignment.value, is_secret(assignment.key)) + ": " + std::string(reason),
               Disposition::kFatal};
}

}  // namespace hubferry::config

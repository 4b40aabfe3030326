#pragma once
#include <string>
#include <string_view>

namespace hubferry::observe {

// Appends `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD, one for each byte, so
// that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

inline std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_string(out, text);
  return out;
}

// The length of the valid UTF-8 sequence (RFC 3629: shortest form, no surrogates, at most U+10FFFF) that `text` starts
// with; 0: none.
std::size_t utf8_sequence(std::string_view text);

// Whether all of it is valid UTF-8.
bool is_utf8(std::string_view text);

}  // namespace hubferry::observe

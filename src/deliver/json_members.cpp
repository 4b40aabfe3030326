#include "deliver/json_members.h"

#include <simdjson.h>

#include <algorithm>

#include "base/base64.h"

namespace hubferry::deliver {
namespace {

// What a JSON string holds as it is.
bool plain(char c) {
  return c >= 0x20 && c != '"' && c != '\\';
}

// ASCII that a JSON string holds as it is. To the end in any case: short loops without a way out are fast.
bool all_plain(std::string_view text) {
  bool all = true;
  for (const char c : text) all &= static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\';
  return all;
}

}  // namespace

void append_json_string(std::string_view text, std::string& to) {
  constexpr const char* kDigits = "0123456789abcdef";
  to += '"';
  while (!text.empty()) {
    // Bytes above 0x7F are negative or not, as char is signed or not: both stay.
    const auto stop = std::find_if(text.begin(), text.end(),
                                   [](char c) { return !plain(c) && static_cast<unsigned char>(c) < 0x80; });
    const auto size = static_cast<std::size_t>(stop - text.begin());
    to += text.substr(0, size);
    text.remove_prefix(size);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x20) {
      to += {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 0xFU]};
    } else {
      to += {'\\', text.front()};
    }
    text.remove_prefix(1);
  }
  to += '"';
}

void append_text_member(std::string_view name, std::string_view bytes, std::string& to) {
  to += '"';
  to += name;
  if (all_plain(bytes)) {
    to += "\":\"";
    to += bytes;
    to += '"';
    return;
  }
  const bool ascii =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii || simdjson::validate_utf8(bytes.data(), bytes.size())) {
    to += "\":";
    append_json_string(bytes, to);
  } else {
    append_base64_member("_base64\":\"", bytes, to);
  }
}

void append_base64_member(std::string_view before, std::string_view bytes, std::string& to) {
  to += before;
  to += base64(bytes);
  to += '"';
}

void append_one_line(std::string_view json, std::string& to) {
  const std::size_t at = to.size();
  to += json;
  // Line breaks are only white space in JSON, but would end the line.
  for (const char line_break : {'\n', '\r'}) {
    for (std::size_t i = at; (i = to.find(line_break, i)) != std::string::npos; ++i) to[i] = ' ';
  }
}

}  // namespace hubferry::deliver

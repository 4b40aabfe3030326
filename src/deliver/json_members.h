#pragma once
#include <string>
#include <string_view>

namespace hubferry::deliver {

// "NAME":"text", or "NAME_base64":"..." for bytes that are not UTF-8.
void append_text_member(std::string_view name, std::string_view bytes, std::string& to);
// A JSON string of UTF-8 text.
void append_json_string(std::string_view text, std::string& to);
// `before`, the bytes in base64, and a closing quote.
void append_base64_member(std::string_view before, std::string_view bytes, std::string& to);
// Valid JSON without line breaks.
void append_one_line(std::string_view json, std::string& to);

}  // namespace hubferry::deliver

#include "deliver/utf8.h"

#include <algorithm>

namespace hubferry::deliver {
namespace {

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80;
}

// Bytes of the character at `at`; 0: it is none (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t character(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !continues(text, at + 1)) return 0;
  if (first < 0xE0) return 2;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (!continues(text, at + 2)) return 0;
  if (first < 0xF0) return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ? 0 : 3;
  if (!continues(text, at + 3)) return 0;
  return (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ? 0 : 4;
}

}  // namespace

std::string utf8_front(std::string_view text, std::size_t most) {
  std::string front;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character(text, at);
    if (front.size() + std::max<std::size_t>(size, 1) > most) break;
    if (size == 0) {
      front += '?';
      ++at;
    } else {
      front += text.substr(at, size);
      at += size;
    }
  }
  return front;
}

}  // namespace hubferry::deliver

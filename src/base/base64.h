#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace hubferry {

// RFC 4648, section 4, with padding.
inline std::string base64(std::string_view bytes) {
  constexpr const char* kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t rest = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (k < rest ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) text += k <= rest ? kAlphabet[(group >> (18 - 6 * k)) & 0x3FU] : '=';
  }
  return text;
}

}  // namespace hubferry

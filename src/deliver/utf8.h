#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace hubferry::deliver {

// The longest front of `text` that is UTF-8 of at most `most` bytes; each byte in it that is no UTF-8 becomes '?'.
std::string utf8_front(std::string_view text, std::size_t most);

}  // namespace hubferry::deliver

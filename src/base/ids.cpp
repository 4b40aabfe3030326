#include "base/ids.h"

#include <random>

namespace hubferry {

std::uint64_t random_id() {
  std::random_device device;
  std::uint64_t id = 0;
  while (id == 0) id = (static_cast<std::uint64_t>(device()) << 32) | device();
  return id;
}

std::string id_text(std::uint64_t id) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; id >>= 4) text[i] = kDigits[id & 0xFU];
  return text;
}

}  // namespace hubferry

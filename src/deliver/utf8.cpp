#include "deliver/utf8.h"

#include <algorithm>

#include "observe/json_text.h"

namespace hubferry::deliver {

std::string utf8_front(std::string_view text, std::size_t most) {
  std::string front;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = observe::utf8_sequence(text.substr(at));
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

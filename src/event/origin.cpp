#include "event/origin.h"

#include "base/bytes.h"

namespace hubferry::event {

std::array<char, kOriginSize> encode_origin(const Origin& origin) {
  std::array<char, kOriginSize> bytes{};
  store_be(bytes.data(), origin.source);
  store_be(bytes.data() + 8, origin.sequence);
  store_be(bytes.data() + 16, origin.epoch);
  return bytes;
}

std::optional<Origin> decode_origin(std::string_view bytes) {
  if (bytes.size() != kOriginSize) return std::nullopt;
  return Origin{load_be<std::uint64_t>(bytes.data()), load_be<std::uint64_t>(bytes.data() + 8),
                load_be<std::uint32_t>(bytes.data() + 16)};
}

}  // namespace hubferry::event

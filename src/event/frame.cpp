#include "event/frame.h"

#include <cstring>

#include "base/bytes.h"

namespace hubferry::event {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHasKey = 1;
constexpr std::uint8_t kHasNote = 2;
constexpr std::size_t kFixedSize = 16;
constexpr std::size_t kHeaderFixedSize = 6;
constexpr std::uint32_t kNoValue = 0xFFFFFFFFU;

char* append(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

auto damaged(const char* what) {
  return fail(ErrorCode::kCorrupt, std::string("a spooled event cannot be decoded: ") + what);
}

// Takes `size` bytes off the front of `rest`; false when there are fewer.
bool take(std::string_view& rest, std::size_t size, std::string_view& taken) {
  if (rest.size() < size) return false;
  taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

}  // namespace

std::size_t frame_size(const OutboundEvent& event) {
  std::size_t size = kFixedSize + event.value.size() + (event.key ? event.key->size() : 0);
  for (const Header& header : event.headers) {
    size += kHeaderFixedSize + header.name.size() + (header.value ? header.value->size() : 0);
  }
  if (!event.note.empty()) size += sizeof(std::uint16_t) + event.note.size();
  return size;
}

void encode_frame(const OutboundEvent& event, char* to) {
  to[0] = static_cast<char>(kVersion);
  to[1] = static_cast<char>((event.key ? kHasKey : 0) | (event.note.empty() ? 0 : kHasNote));
  store_le(to + 2, static_cast<std::uint16_t>(event.headers.size()));
  store_le(to + 4, static_cast<std::uint32_t>(event.partition));
  store_le(to + 8, static_cast<std::uint32_t>(event.key ? event.key->size() : 0));
  store_le(to + 12, static_cast<std::uint32_t>(event.value.size()));
  to += kFixedSize;
  for (const Header& header : event.headers) {
    store_le(to, static_cast<std::uint16_t>(header.name.size()));
    store_le(to + 2, header.value ? static_cast<std::uint32_t>(header.value->size()) : kNoValue);
    to = append(to + kHeaderFixedSize, header.name);
    if (header.value) to = append(to, *header.value);
  }
  if (event.key) to = append(to, *event.key);
  to = append(to, event.value);
  if (event.note.empty()) return;
  store_le(to, static_cast<std::uint16_t>(event.note.size()));
  append(to + sizeof(std::uint16_t), event.note);
}

Status decode_frame(std::string_view frame, OutboundEvent& event) {
  std::string_view rest = frame;
  std::string_view fixed;
  if (!take(rest, kFixedSize, fixed)) return damaged("it is shorter than its fixed part");
  if (static_cast<std::uint8_t>(fixed[0]) != kVersion) return damaged("its version is unknown");
  const auto flags = static_cast<std::uint8_t>(fixed[1]);
  if ((flags & ~(kHasKey | kHasNote)) != 0) return damaged("it has a flag that is unknown");
  const auto header_count = load_le<std::uint16_t>(fixed.data() + 2);
  event.partition = static_cast<std::int32_t>(load_le<std::uint32_t>(fixed.data() + 4));
  const auto key_size = load_le<std::uint32_t>(fixed.data() + 8);
  const auto value_size = load_le<std::uint32_t>(fixed.data() + 12);
  event.headers.clear();
  for (std::uint16_t i = 0; i < header_count; ++i) {
    std::string_view lengths;
    Header header;
    if (!take(rest, kHeaderFixedSize, lengths)) return damaged("a header is cut off");
    const auto value_length = load_le<std::uint32_t>(lengths.data() + 2);
    if (!take(rest, load_le<std::uint16_t>(lengths.data()), header.name)) return damaged("a header name is cut off");
    if (value_length != kNoValue && !take(rest, value_length, header.value.emplace())) {
      return damaged("a header value is cut off");
    }
    event.headers.push_back(header);
  }
  std::string_view key;
  if (!take(rest, key_size, key)) return damaged("its key is cut off");
  event.key.reset();
  if ((flags & kHasKey) != 0) event.key = key;
  if (!take(rest, value_size, event.value)) return damaged("its value is cut off");
  event.note = {};
  std::string_view note_size;
  if ((flags & kHasNote) != 0 && (!take(rest, sizeof(std::uint16_t), note_size) ||
                                  !take(rest, load_le<std::uint16_t>(note_size.data()), event.note))) {
    return damaged("its note is cut off");
  }
  if (!rest.empty()) return damaged("it is longer than its parts");
  return {};
}

}  // namespace hubferry::event

#include "ingest/idempotency_note.h"

#include "base/bytes.h"

namespace hubferry::ingest {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kSize = 37;

}  // namespace

std::string encode_note(const IdempotencyNote& note) {
  std::string bytes(kSize, '\0');
  bytes[0] = kVersion;
  store_le(bytes.data() + 1, note.key.low);
  store_le(bytes.data() + 9, note.key.high);
  store_le(bytes.data() + 17, note.content.low);
  store_le(bytes.data() + 25, note.content.high);
  store_le(bytes.data() + 33, note.count);
  return bytes;
}

std::optional<IdempotencyNote> decode_note(std::string_view bytes) {
  if (bytes.size() != kSize || bytes[0] != kVersion) return std::nullopt;
  IdempotencyNote note;
  note.key = {load_le<std::uint64_t>(bytes.data() + 1), load_le<std::uint64_t>(bytes.data() + 9)};
  note.content = {load_le<std::uint64_t>(bytes.data() + 17), load_le<std::uint64_t>(bytes.data() + 25)};
  note.count = load_le<std::uint32_t>(bytes.data() + 33);
  if (note.count == 0) return std::nullopt;
  return note;
}

}  // namespace hubferry::ingest

#include "event/partitioner.h"

#include <array>

#include "base/bytes.h"

namespace hubferry::event {
namespace {

std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t kMultiplier = 0x5bd1e995U;
  constexpr std::uint32_t kSeed = 0x9747b28cU;
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(key.size());
  while (key.size() >= 4) {
    auto word = load_le<std::uint32_t>(key.data());
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash = (hash * kMultiplier) ^ word;
    key.remove_prefix(4);
  }
  const auto byte = [&key](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(key[i])); };
  if (key.size() == 3) hash ^= byte(2) << 16;
  if (key.size() >= 2) hash ^= byte(1) << 8;
  if (!key.empty()) hash = (hash ^ byte(0)) * kMultiplier;
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

constexpr std::array<std::uint32_t, 256> make_crc32_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}

std::uint32_t crc32(std::string_view key) {
  static constexpr auto kTable = make_crc32_table();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : key) crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8);
  return ~crc;
}

std::int32_t modulo(std::uint32_t hash, std::int32_t partitions) {
  return static_cast<std::int32_t>(hash % static_cast<std::uint32_t>(partitions));
}

}  // namespace

std::int32_t murmur2_partition(std::string_view key, std::int32_t partitions) {
  return modulo(murmur2(key) & 0x7fffffffU, partitions);
}

std::int32_t consistent_partition(std::string_view key, std::int32_t partitions) {
  return modulo(crc32(key), partitions);
}

}  // namespace hubferry::event

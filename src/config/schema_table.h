#pragma once
#include <chrono>
#include <cstdint>
#include <span>

#include "config/schema.h"

namespace hubferry::config {

// The rows of [produce.NAME] and [consume.NAME]; the others come before them in schema().
std::span<const Key> route_keys();

// What the rows are written with.
inline constexpr std::int64_t kSecond = 1'000;
inline constexpr std::int64_t kHour = 3'600'000;
inline constexpr std::int64_t kKiB = 1024;
inline constexpr std::int64_t kMiB = kKiB * 1024;
inline constexpr std::int64_t kGiB = kMiB * 1024;

inline std::uint64_t unsigned_of(const Value& value) {
  return static_cast<std::uint64_t>(value.number);
}
inline std::uint32_t small(const Value& value) {
  return static_cast<std::uint32_t>(value.number);
}
inline std::chrono::milliseconds duration(const Value& value) {
  return std::chrono::milliseconds(value.number);
}

}  // namespace hubferry::config

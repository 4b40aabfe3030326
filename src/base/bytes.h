#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace hubferry {

// Unaligned loads and stores of fixed-width integers. Disk formats are little-endian, the record header `hf` is
// big-endian. The caller guarantees sizeof(T) readable or writable bytes.
template <class T>
constexpr T byte_swap(T value) {
  static_assert(std::is_unsigned_v<T> && sizeof(T) > 1);
  T swapped = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    swapped = static_cast<T>(static_cast<T>(swapped << 8) | static_cast<T>(value & 0xFFU));
    value = static_cast<T>(value >> 8);
  }
  return swapped;
}

template <class T>
T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native != std::endian::little) value = byte_swap(value);
  return value;
}

template <class T>
void store_le(void* to, T value) {
  if constexpr (std::endian::native != std::endian::little) value = byte_swap(value);
  std::memcpy(to, &value, sizeof value);
}

template <class T>
T load_be(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native != std::endian::big) value = byte_swap(value);
  return value;
}

template <class T>
void store_be(void* to, T value) {
  if constexpr (std::endian::native != std::endian::big) value = byte_swap(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace hubferry

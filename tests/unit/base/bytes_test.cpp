#include "base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>

namespace hubferry {
namespace {

using testing::ElementsAre;

TEST(Bytes, BigEndianStoresTheHighByteFirst) {
  std::array<unsigned char, 8> bytes{};
  store_be(bytes.data(), std::uint64_t{0x0102030405060708});
  EXPECT_THAT(bytes, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(load_be<std::uint64_t>(bytes.data()), 0x0102030405060708U);
}

TEST(Bytes, LittleEndianStoresTheLowByteFirst) {
  std::array<unsigned char, 4> bytes{};
  store_le(bytes.data(), std::uint32_t{0x01020304});
  EXPECT_THAT(bytes, ElementsAre(4, 3, 2, 1));
  EXPECT_EQ(load_le<std::uint32_t>(bytes.data()), 0x01020304U);
}

TEST(Bytes, ReadsAndWritesUnalignedWithoutTouchingNeighbours) {
  std::array<unsigned char, 5> bytes{0xAA, 0, 0, 0xBB, 0xCC};
  store_be(bytes.data() + 1, std::uint16_t{0x1234});
  EXPECT_THAT(bytes, ElementsAre(0xAA, 0x12, 0x34, 0xBB, 0xCC));
  EXPECT_EQ(load_be<std::uint16_t>(bytes.data() + 1), 0x1234);
}

TEST(Bytes, SwapIsItsOwnInverseAndWorksAtCompileTime) {
  static_assert(byte_swap(std::uint16_t{0x1234}) == 0x3412);
  static_assert(byte_swap(std::uint32_t{0x12345678}) == 0x78563412);
  constexpr std::uint64_t kValue = 0xFEDCBA9876543210;
  static_assert(byte_swap(byte_swap(kValue)) == kValue);
  EXPECT_EQ(byte_swap(std::numeric_limits<std::uint64_t>::max()), std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace hubferry

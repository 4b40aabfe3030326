#include "base/ids.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>

namespace hubferry {
namespace {

TEST(Ids, TextHasSixteenLowerCaseDigits) {
  EXPECT_EQ(id_text(0), "0000000000000000");
  EXPECT_EQ(id_text(0x0123456789ABCDEF), "0123456789abcdef");
  EXPECT_EQ(id_text(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffff");
}

TEST(Ids, RandomIdsAreNeitherZeroNorRepeated) {
  constexpr std::size_t kCount = 1'000;  // a repetition by chance: 3e-14
  std::set<std::uint64_t> ids;
  for (std::size_t i = 0; i < kCount; ++i) ids.insert(random_id());
  EXPECT_EQ(ids.size(), kCount);
  EXPECT_FALSE(ids.contains(0));
}

TEST(Ids, RandomIdsUseAllSixtyFourBits) {
  std::uint64_t ones = 0;
  std::uint64_t zeroes = 0;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t id = random_id();
    ones |= id;
    zeroes |= ~id;
  }
  EXPECT_EQ(ones, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(zeroes, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace hubferry

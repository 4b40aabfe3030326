#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace hubferry {
namespace {

struct Vector {
  const char* name;
  std::vector<unsigned char> bytes;
  std::uint32_t crc;
};

// RFC 3720, appendix B.4, and the usual check value of CRC-32C.
std::vector<Vector> vectors() {
  std::vector<unsigned char> up(32);
  std::iota(up.begin(), up.end(), static_cast<unsigned char>(0));
  const std::vector<unsigned char> down(up.rbegin(), up.rend());
  const std::string digits = "123456789";
  return {{"32 bytes of zeroes", std::vector<unsigned char>(32, 0x00), 0x8A9136AAU},
          {"32 bytes of ones", std::vector<unsigned char>(32, 0xFF), 0x62A8AB43U},
          {"32 bytes incrementing", up, 0x46DD794EU},
          {"32 bytes decrementing", down, 0x113FDB5CU},
          {"digits", {digits.begin(), digits.end()}, 0xE3069283U},
          {"nothing", {}, 0U}};
}

std::vector<unsigned char> random_bytes(std::mt19937_64& random, std::size_t size) {
  std::vector<unsigned char> bytes(size);
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<unsigned char>(random()); });
  return bytes;
}

TEST(Crc32c, GivesTheVectorsOfRfc3720) {
  for (const Vector& vector : vectors()) {
    EXPECT_EQ(crc32c(vector.bytes.data(), vector.bytes.size()), vector.crc) << vector.name;
  }
}

TEST(Crc32c, PortableGivesTheVectorsOfRfc3720) {
  for (const Vector& vector : vectors()) {
    EXPECT_EQ(crc32c_portable(vector.bytes.data(), vector.bytes.size()), vector.crc) << vector.name;
  }
}

TEST(Crc32c, InstructionAndTableAgreeAtEveryLengthAndAlignment) {
  const std::uint64_t run_seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(run_seed));
  std::mt19937_64 random(run_seed);
  const auto bytes = random_bytes(random, 300);
  for (std::size_t start = 0; start < 16; ++start) {
    for (std::size_t size = 0; start + size <= bytes.size(); ++size) {
      const auto seed = static_cast<std::uint32_t>(random());
      ASSERT_EQ(crc32c(bytes.data() + start, size, seed), crc32c_portable(bytes.data() + start, size, seed))
          << "start " << start << ", size " << size;
    }
  }
}

TEST(Crc32c, ContinuesFromTheSeedAsIfTheBytesWereOne) {
  const std::uint64_t run_seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(run_seed));
  std::mt19937_64 random(run_seed);
  const auto bytes = random_bytes(random, 100);
  const std::uint32_t whole = crc32c(bytes.data(), bytes.size());
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32c(bytes.data() + cut, bytes.size() - cut, crc32c(bytes.data(), cut)), whole) << "cut at " << cut;
  }
}

TEST(Crc32c, NoticesEverySingleFlippedBit) {
  std::vector<unsigned char> bytes(64, 0x5A);
  const std::uint32_t right = crc32c(bytes.data(), bytes.size());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_NE(crc32c(bytes.data(), bytes.size()), right) << "bit " << bit;
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ (1U << (bit % 8)));
  }
}

}  // namespace
}  // namespace hubferry

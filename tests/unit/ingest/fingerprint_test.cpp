#include "ingest/fingerprint.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"

namespace hubferry::ingest {
namespace {

std::string hex(const Fingerprint& fingerprint) {
  char bytes[16];
  store_le(bytes, fingerprint.low);
  store_le(bytes + 8, fingerprint.high);
  std::string text;
  for (const char c : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// vectors_sip128 of the reference implementation: key 00 01 .. 0f, input 00 01 .. of rising length; also what
// `openssl mac -macopt size:16 SIPHASH` gives.
TEST(Fingerprinter, IsSipHash128) {
  const auto of_length = [](std::size_t length) {
    std::string input;
    for (std::size_t i = 0; i < length; ++i) input += static_cast<char>(i);
    Fingerprinter fingerprinter(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL);
    fingerprinter.update(input);
    return hex(fingerprinter.finish());
  };
  EXPECT_EQ(of_length(0), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(of_length(1), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(of_length(8), "3b62a9ba6258f5610f83e264f31497b4");
  EXPECT_EQ(of_length(63), "5150d1772f50834a503e069a973fbd7c");
}

TEST(Fingerprinter, DoesNotCareHowBytesArrive) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (std::size_t step = 1; step < 20; ++step) {
    Fingerprinter fingerprinter;
    for (std::size_t at = 0; at < text.size(); at += step)
      fingerprinter.update(std::string_view(text).substr(at, step));
    EXPECT_EQ(fingerprinter.finish(), fingerprint_of(text)) << step;
  }
}

TEST(Fingerprinter, TellsPartsApart) {
  Fingerprinter a;
  a.update_part("ab");
  a.update_part("c");
  Fingerprinter b;
  b.update_part("a");
  b.update_part("bc");
  EXPECT_NE(a.finish(), b.finish());
}

// Fingerprints outlive the process on disk: neither keys nor algorithm may change.
TEST(Fingerprinter, StaysWhatItIs) {
  EXPECT_EQ(hex(fingerprint_of("hubferry")), "645f3112d18afdbc4ae275aaacbbb054");
}

}  // namespace
}  // namespace hubferry::ingest

#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hubferry::ingest {

// 128 bits that stand for some bytes: two different inputs have the same fingerprint only by a chance of 2^-128.
struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Fingerprint&) const = default;
};

struct FingerprintHash {
  std::size_t operator()(const Fingerprint& fingerprint) const { return fingerprint.low; }
};

// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein; github.com/veorq/SipHash). The key is fixed, because
// fingerprints outlive the process on disk.
class Fingerprinter {
 public:
  Fingerprinter() : Fingerprinter(kKeyLow, kKeyHigh) {}
  Fingerprinter(std::uint64_t key_low, std::uint64_t key_high);

  void update(std::string_view bytes);
  // With its length in front, so that ("ab", "c") differs from ("a", "bc").
  void update_part(std::string_view part);
  void update_number(std::uint64_t number);
  // Ends it: no further call.
  Fingerprint finish();

 private:
  static constexpr std::uint64_t kKeyLow = 0x6875626665727279ULL;   // "hubferry"
  static constexpr std::uint64_t kKeyHigh = 0x696e67657374206bULL;  // "ingest k"

  void round();
  void absorb(std::uint64_t word);

  std::array<std::uint64_t, 4> v_;
  std::uint64_t length_ = 0;
  std::array<char, 8> tail_{};  // bytes that do not make a word yet: length_ % 8
};

Fingerprint fingerprint_of(std::string_view bytes);

}  // namespace hubferry::ingest

#include "ingest/fingerprint.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"

namespace hubferry::ingest {

Fingerprinter::Fingerprinter(std::uint64_t key_low, std::uint64_t key_high)
    : v_{key_low ^ 0x736f6d6570736575ULL, key_high ^ 0x646f72616e646f6dULL ^ 0xeeU, key_low ^ 0x6c7967656e657261ULL,
         key_high ^ 0x7465646279746573ULL} {}

void Fingerprinter::round() {
  auto& [v0, v1, v2, v3] = v_;
  v0 += v1;
  v1 = std::rotl(v1, 13) ^ v0;
  v0 = std::rotl(v0, 32);
  v2 += v3;
  v3 = std::rotl(v3, 16) ^ v2;
  v0 += v3;
  v3 = std::rotl(v3, 21) ^ v0;
  v2 += v1;
  v1 = std::rotl(v1, 17) ^ v2;
  v2 = std::rotl(v2, 32);
}

void Fingerprinter::absorb(std::uint64_t word) {
  v_[3] ^= word;
  round();
  round();
  v_[0] ^= word;
}

void Fingerprinter::update(std::string_view bytes) {
  const std::size_t held = length_ % tail_.size();
  length_ += bytes.size();
  if (held != 0) {
    const std::size_t taken = std::min(tail_.size() - held, bytes.size());
    bytes.copy(tail_.data() + held, taken);
    bytes.remove_prefix(taken);
    if (held + taken < tail_.size()) return;
    absorb(load_le<std::uint64_t>(tail_.data()));
  }
  for (; bytes.size() >= tail_.size(); bytes.remove_prefix(tail_.size())) {
    absorb(load_le<std::uint64_t>(bytes.data()));
  }
  bytes.copy(tail_.data(), bytes.size());
}

void Fingerprinter::update_part(std::string_view part) {
  update_number(part.size());
  update(part);
}

void Fingerprinter::update_number(std::uint64_t number) {
  std::array<char, sizeof number> bytes{};
  store_le(bytes.data(), number);
  update({bytes.data(), bytes.size()});
}

Fingerprint Fingerprinter::finish() {
  std::fill(tail_.begin() + static_cast<std::ptrdiff_t>(length_ % tail_.size()), tail_.end(), '\0');
  absorb(load_le<std::uint64_t>(tail_.data()) | (length_ << 56));
  const auto squeeze = [this] {
    for (int i = 0; i < 4; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  };
  v_[2] ^= 0xeeU;
  Fingerprint fingerprint;
  fingerprint.low = squeeze();
  v_[1] ^= 0xddU;
  fingerprint.high = squeeze();
  return fingerprint;
}

Fingerprint fingerprint_of(std::string_view bytes) {
  Fingerprinter fingerprinter;
  fingerprinter.update(bytes);
  return fingerprinter.finish();
}

}  // namespace hubferry::ingest

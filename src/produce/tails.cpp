#include "produce/tails.h"

#include <algorithm>

#include "base/bytes.h"

namespace hubferry::produce {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = sizeof kVersion + sizeof(std::int64_t);

}  // namespace

bool Tails::complete() const {
  return !offsets_.empty() &&
         std::none_of(offsets_.begin(), offsets_.end(), [](std::int64_t offset) { return offset < 0; });
}

void Tails::learn(const std::vector<std::int64_t>& ends) {
  for (std::size_t p = 0; p < std::min(ends.size(), offsets_.size()); ++p) {
    if (offsets_[p] < 0) offsets_[p] = ends[p];
    if (offsets_[p] > ends[p]) offsets_[p] = 0;
  }
}

void Tails::acknowledged(std::int32_t partition, std::int64_t offset) {
  if (offset < 0 || partition < 0 || partition >= partitions()) return;
  auto& tail = offsets_[static_cast<std::size_t>(partition)];
  tail = std::max(tail, offset + 1);
}

std::string Tails::encode() const {
  std::string bytes(kHeaderBytes + offsets_.size() * sizeof(std::int64_t), '\0');
  store_le(bytes.data(), kVersion);
  store_le(bytes.data() + sizeof kVersion, static_cast<std::uint64_t>(calm_at_ms_));
  char* to = bytes.data() + kHeaderBytes;
  for (const std::int64_t offset : offsets_) {
    store_le(to, static_cast<std::uint64_t>(offset));
    to += sizeof offset;
  }
  return bytes;
}

Tails Tails::decode(std::string_view bytes) {
  Tails tails;
  if (bytes.size() < kHeaderBytes || (bytes.size() - kHeaderBytes) % sizeof(std::int64_t) != 0) return tails;
  if (load_le<std::uint32_t>(bytes.data()) != kVersion) return tails;
  tails.calm_at_ms_ = static_cast<std::int64_t>(load_le<std::uint64_t>(bytes.data() + sizeof kVersion));
  for (std::size_t at = kHeaderBytes; at < bytes.size(); at += sizeof(std::int64_t)) {
    const auto offset = static_cast<std::int64_t>(load_le<std::uint64_t>(bytes.data() + at));
    tails.offsets_.push_back(std::max(offset, kUnknown));
  }
  return tails;
}

}  // namespace hubferry::produce

#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hubferry::event {

// The record header that makes a resend recognisable: 20 bytes, big-endian: source (8), sequence (8), epoch (4).
// (source, sequence) names one accepted event for ever: a source is one start of one spool, its sequences only rise.
struct Origin {
  std::uint64_t source = 0;
  std::uint64_t sequence = 0;
  std::uint32_t epoch = 0;

  bool operator==(const Origin&) const = default;
};

inline constexpr std::string_view kOriginHeader = "hf";
// What `hf` becomes on an event that is forwarded or replayed: where it once came from, which nobody has to trust.
inline constexpr std::string_view kForwardedOriginHeader = "hf-origin";
inline constexpr std::size_t kOriginSize = 20;

std::array<char, kOriginSize> encode_origin(const Origin& origin);

// Nothing unless `bytes` has exactly the size of an origin.
std::optional<Origin> decode_origin(std::string_view bytes);

}  // namespace hubferry::event

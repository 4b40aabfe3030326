#include "spool/format.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace hubferry::spool {
namespace {

constexpr std::uint32_t kSegmentMagic = 0x53534648;  // "HFSS"
constexpr std::uint32_t kBlockMagic = 0x4B424648;    // "HFBK"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kSequenceDigits = 20;
constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::string_view kSparePrefix = "spare-";

// The checks cover everything behind magic and check.
std::uint32_t segment_header_crc(const char* page) {
  return crc32c(page + 8, kSectorBytes - 8);
}
std::uint32_t block_header_crc(const char* bytes) {
  return crc32c(bytes + 8, kBlockHeaderBytes - 8);
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::uint64_t overlap(const SequenceRange& a, const SequenceRange& b) {
  const std::uint64_t first = std::max(a.first, b.first);
  const std::uint64_t last = std::min(a.last, b.last);
  return first <= last ? last - first + 1 : 0;
}

std::uint64_t block_bytes(std::uint64_t payload_bytes) {
  return (kBlockHeaderBytes + payload_bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
}

std::uint64_t BlockHeader::stored_bytes() const {
  return block_bytes(payload_bytes);
}

void encode_segment_header(const SegmentHeader& header, std::span<char> page) {
  char* to = page.data();
  std::memset(to, 0, page.size());
  store_le(to, kSegmentMagic);
  store_le(to + 8, kVersion);
  store_le(to + 16, header.id);
  store_le(to + 24, header.first_sequence);
  store_le(to + 32, header.starts_after);
  store_le(to + 40, header.low_water);
  store_le(to + 48, header.source);
  store_le(to + 56, static_cast<std::uint64_t>(header.created_ms));
  store_le(to + 4, segment_header_crc(to));
}

Result<SegmentHeader> decode_segment_header(std::string_view page) {
  const char* from = page.data();
  if (page.size() < kSegmentHeaderBytes || load_le<std::uint32_t>(from) != kSegmentMagic ||
      load_le<std::uint32_t>(from + 4) != segment_header_crc(from)) {
    return fail(ErrorCode::kCorrupt, "the segment header fails its check");
  }
  if (const auto version = load_le<std::uint32_t>(from + 8); version != kVersion) {
    return fail(ErrorCode::kInvalid,
                "the segment has format version " + std::to_string(version) + ", this program reads up to " +
                    std::to_string(kVersion) + "; start the newer version of hubferryd that wrote it",
                Disposition::kFatal);
  }
  SegmentHeader header;
  header.id = load_le<std::uint64_t>(from + 16);
  header.first_sequence = load_le<std::uint64_t>(from + 24);
  header.starts_after = load_le<std::uint64_t>(from + 32);
  header.low_water = load_le<std::uint64_t>(from + 40);
  header.source = load_le<std::uint64_t>(from + 48);
  header.created_ms = static_cast<std::int64_t>(load_le<std::uint64_t>(from + 56));
  if (header.first_sequence == 0 || header.starts_after >= header.first_sequence) {
    return fail(ErrorCode::kCorrupt, "the segment header contradicts itself");
  }
  return header;
}

void encode_block_header(const BlockHeader& header, char* to) {
  store_le(to, kBlockMagic);
  store_le(to + 8, header.payload_crc);
  store_le(to + 12, header.payload_bytes);
  store_le(to + 16, header.segment_id);
  store_le(to + 24, header.first_sequence);
  store_le(to + 32, header.source);
  store_le(to + 40, header.low_water);
  store_le(to + 48, static_cast<std::uint64_t>(header.written_ms));
  store_le(to + 56, header.epoch);
  store_le(to + 60, header.count);
  store_le(to + 4, block_header_crc(to));
}

std::optional<BlockHeader> decode_block_header(std::string_view bytes) {
  const char* from = bytes.data();
  if (bytes.size() < kBlockHeaderBytes || load_le<std::uint32_t>(from) != kBlockMagic ||
      load_le<std::uint32_t>(from + 4) != block_header_crc(from)) {
    return std::nullopt;
  }
  BlockHeader header;
  header.payload_crc = load_le<std::uint32_t>(from + 8);
  header.payload_bytes = load_le<std::uint32_t>(from + 12);
  header.segment_id = load_le<std::uint64_t>(from + 16);
  header.first_sequence = load_le<std::uint64_t>(from + 24);
  header.source = load_le<std::uint64_t>(from + 32);
  header.low_water = load_le<std::uint64_t>(from + 40);
  header.written_ms = static_cast<std::int64_t>(load_le<std::uint64_t>(from + 48));
  header.epoch = load_le<std::uint32_t>(from + 56);
  header.count = load_le<std::uint32_t>(from + 60);
  if (header.count == 0 || header.first_sequence == 0) return std::nullopt;
  return header;
}

bool resembles_block(std::string_view bytes, std::uint64_t segment_id) {
  return bytes.size() >= kBlockHeaderBytes && load_le<std::uint32_t>(bytes.data()) == kBlockMagic &&
         load_le<std::uint64_t>(bytes.data() + 16) == segment_id;
}

bool frames_are_sound(std::string_view frames, std::uint32_t count) {
  std::uint32_t seen = 0;
  while (!frames.empty()) {
    if (frames.size() < sizeof(std::uint32_t)) return false;
    const std::uint64_t size = sizeof(std::uint32_t) + std::uint64_t{load_le<std::uint32_t>(frames.data())};
    if (size > frames.size()) return false;
    frames.remove_prefix(size);
    ++seen;
  }
  return seen == count;
}

std::string segment_name(std::uint64_t first_sequence) {
  const std::string digits = std::to_string(first_sequence);
  return std::string(kSequenceDigits - digits.size(), '0').append(digits).append(kSegmentSuffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != kSequenceDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) return std::nullopt;
  const auto number = parse_number(name.substr(0, kSequenceDigits));
  return number && *number != 0 ? number : std::nullopt;
}

std::string spare_name(std::uint64_t number) {
  return std::string(kSparePrefix).append(std::to_string(number)).append(kSegmentSuffix);
}

std::optional<std::uint64_t> parse_spare_name(std::string_view name) {
  if (!name.starts_with(kSparePrefix) || !name.ends_with(kSegmentSuffix)) return std::nullopt;
  name.remove_prefix(kSparePrefix.size());
  name.remove_suffix(kSegmentSuffix.size());
  return parse_number(name);
}

}  // namespace hubferry::spool

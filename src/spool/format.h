#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// The bytes on disk; README.md in this folder is their grammar. Everything is little-endian.
namespace hubferry::spool {

inline constexpr std::uint64_t kSegmentHeaderBytes = 4096;  // one page, so that blocks start page-aligned
inline constexpr std::uint64_t kBlockHeaderBytes = 64;
// Blocks start at multiples of this: an interrupted write never touches the sector of a block that was acknowledged.
inline constexpr std::uint64_t kSectorBytes = 512;
inline constexpr std::uint64_t kMinSegmentBytes = 4 * kSegmentHeaderBytes;
inline constexpr std::uint64_t kMaxSegmentBytes = 4ULL << 30;  // a payload length fits 32 bits

// Sequences `first` to `last`, both included; empty when last + 1 == first.
struct SequenceRange {
  std::uint64_t first = 1;
  std::uint64_t last = 0;

  std::uint64_t size() const { return last + 1 - first; }
  bool empty() const { return last + 1 == first; }
  bool operator==(const SequenceRange&) const = default;
};

// How many sequences two ranges have in common.
std::uint64_t overlap(const SequenceRange& a, const SequenceRange& b);

struct SegmentHeader {
  std::uint64_t id = 0;  // random, new at each use of the file: blocks of an earlier use do not match
  std::uint64_t first_sequence = 0;
  std::uint64_t starts_after = 0;  // the last durable sequence before this segment
  std::uint64_t low_water = 0;     // acknowledged when the segment was made
  std::uint64_t source = 0;
  std::int64_t created_ms = 0;
};

struct BlockHeader {
  std::uint32_t payload_crc = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t segment_id = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t source = 0;
  std::uint64_t low_water = 0;
  std::int64_t written_ms = 0;
  std::uint32_t epoch = 0;
  std::uint32_t count = 0;

  std::uint64_t last_sequence() const { return first_sequence + count - 1; }
  std::uint64_t stored_bytes() const;  // with header and padding
};

// The space that a block with this payload takes in its segment.
std::uint64_t block_bytes(std::uint64_t payload_bytes);

// Writes exactly kSegmentHeaderBytes.
void encode_segment_header(const SegmentHeader& header, std::span<char> page);
// kCorrupt; or kInvalid (kFatal): a newer version of the program wrote it.
Result<SegmentHeader> decode_segment_header(std::string_view page);

// Writes exactly kBlockHeaderBytes.
void encode_block_header(const BlockHeader& header, char* to);
// Nothing unless the header's own check holds. The payload is not looked at.
std::optional<BlockHeader> decode_block_header(std::string_view bytes);
// A cheap look: do the bytes start like a block of this segment? They may be torn.
bool resembles_block(std::string_view bytes, std::uint64_t segment_id);

// True if `frames` is exactly `count` frames: what RecordCursor relies on.
bool frames_are_sound(std::string_view frames, std::uint32_t count);

std::string segment_name(std::uint64_t first_sequence);
std::optional<std::uint64_t> parse_segment_name(std::string_view name);
std::string spare_name(std::uint64_t number);
std::optional<std::uint64_t> parse_spare_name(std::string_view name);

}  // namespace hubferry::spool

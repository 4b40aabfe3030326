#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "spool/block.h"
#include "spool/file_system.h"
#include "spool/format.h"

namespace hubferry::spool {

// Finds blocks in one segment file. Bytes that the disk cannot read count as zeros, so that they fail the checks; see
// read_error(). Bytes at and behind the `end` given are never looked at: they may still be written. One thread.
class SegmentScanner {
 public:
  struct Found {
    std::uint64_t offset = 0;
    BlockHeader header;
  };

  SegmentScanner(File& file, std::uint64_t segment_id) : file_(file), segment_id_(segment_id) {}

  // The header at `offset`, if it belongs to a block of this segment that fits before `end`. The payload is not read.
  std::optional<BlockHeader> header_at(std::uint64_t offset, std::uint64_t end);
  // The whole block, every check made; null: there is none.
  std::shared_ptr<const Block> block_at(std::uint64_t offset, std::uint64_t end);
  // The first whole block at or behind `offset` whose sequences start at `least` or above.
  std::optional<Found> find(std::uint64_t offset, std::uint64_t end, std::uint64_t least);
  // Something at `offset` that started as a block of this segment, whole or not.
  bool started_at(std::uint64_t offset, std::uint64_t end);

  // The first failed read since the last call.
  std::optional<Error> read_error();

 private:
  static constexpr std::uint64_t kWindowBytes = 64 * 1024;

  std::string_view window(std::uint64_t offset, std::uint64_t end);
  void read(std::uint64_t offset, std::span<char> bytes);

  File& file_;
  std::uint64_t segment_id_;
  std::vector<char> window_;
  std::uint64_t window_offset_ = 0;
  std::optional<Error> read_error_;
};

// The id of the segment whose header page is lost: that of the first whole block which is not older than the segment.
std::optional<std::uint64_t> guess_segment_id(File& file, std::uint64_t size, std::uint64_t first_sequence);

}  // namespace hubferry::spool

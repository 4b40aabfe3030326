#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "spool/file_system.h"
#include "spool/format.h"

namespace hubferry::spool {

// What a restart should not have to find out again. Losing it costs resending, never a record and never a sequence
// twice.
struct Position {
  std::uint64_t low_water = 0;              // everything up to it is acknowledged
  std::uint64_t next_sequence = 1;          // none at or above it was used
  std::uint64_t durable = 0;                // the last sequence whose sync succeeded
  std::vector<SequenceRange> acknowledged;  // above low_water, rising
  std::string attachment{};                 // see Spool::attach

  bool operator==(const Position&) const = default;
};

// The file `position`: two slots written in turn, so that a torn write leaves the other one. One thread.
class PositionFile {
 public:
  static constexpr std::uint64_t kSlotBytes = 64 * 1024;
  static constexpr std::size_t kMaxAttachment = 32 * 1024;
  static constexpr std::size_t kMaxRanges = (kSlotBytes - kMaxAttachment - 64) / 16;  // 64: the slot's header

  PositionFile(FileSystem& files, std::filesystem::path directory);

  // The newest slot that passes its check; nothing: none does, or there is no file. Reading does not prove that the
  // disk has it (the sync may have failed before a restart), so the first save writes a new file.
  std::optional<Position> load();
  // Durable when it returns. Keeps the first kMaxRanges ranges; an attachment larger than kMaxAttachment is kInvalid.
  // After an error the file is not trusted any more: the next save writes a new one and renames it over the old.
  Status save(const Position& position);

 private:
  Status replace(std::span<const char> slot);

  FileSystem& files_;
  std::filesystem::path directory_;
  std::unique_ptr<File> file_;
  std::uint64_t generation_ = 0;  // of the slot written last
};

}  // namespace hubferry::spool

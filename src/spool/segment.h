#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "spool/file_system.h"
#include "spool/format.h"

namespace hubferry::spool {

// Bytes that hold no block any more, and the records that are missing because of them (maybe none).
struct BadRange {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  SequenceRange missing;
};

// What is known of one segment file.
struct SegmentInfo {
  std::string name;
  std::uint64_t id = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;  // durable; first_sequence - 1: none
  std::uint64_t starts_after = 0;   // the last durable sequence before it
  std::uint64_t end = kSegmentHeaderBytes;
  bool sealed = false;     // never written again
  bool recyclable = true;  // false after a failed write or sync: never written again in another life either
  std::vector<BadRange> bad;

  SequenceRange sequences() const { return {first_sequence, last_sequence}; }
};

// The segment that is being written. Owned by the writer thread.
class ActiveSegment {
 public:
  struct Plan {
    SegmentHeader header;
    std::uint64_t bytes = 0;
    std::string temporary_name;  // a spare to use again, or the name of a file to be made
  };

  // On success the segment has its name and is durable, still without blocks. kFull: no space. After an error with
  // `named` set a crash may bring back an empty segment of that name, whose header says where the segment before it
  // ends: nothing may be added to that one any more.
  static Result<std::unique_ptr<ActiveSegment>> create(FileSystem& files, const std::filesystem::path& directory,
                                                       const Plan& plan, bool& named);

  std::uint64_t id() const { return id_; }
  std::uint64_t first_sequence() const { return first_sequence_; }
  std::uint64_t end() const { return end_; }
  std::uint64_t room() const { return bytes_ - end_; }
  // Writes behind the last block and syncs. After an error this segment must not be used again: what the disk holds of
  // the pages that failed is unknown, and a second sync can succeed without them.
  Status append(std::span<const char> block);

 private:
  ActiveSegment(std::unique_ptr<File> file, const Plan& plan)
      : file_(std::move(file)), id_(plan.header.id), first_sequence_(plan.header.first_sequence), bytes_(plan.bytes) {}

  std::unique_ptr<File> file_;
  std::uint64_t id_;
  std::uint64_t first_sequence_;
  std::uint64_t bytes_;
  std::uint64_t end_ = kSegmentHeaderBytes;
};

// Copies [from, to) of a segment to quarantine/<segment>-<offset>.bad; what cannot be read becomes zeros.
Status quarantine(FileSystem& files, const std::filesystem::path& directory, const std::string& segment, File& file,
                  std::uint64_t from, std::uint64_t to);

}  // namespace hubferry::spool

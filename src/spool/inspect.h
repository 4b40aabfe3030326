#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "spool/file_system.h"
#include "spool/format.h"
#include "spool/segment.h"

namespace hubferry::spool {

// One segment file as it was found.
struct InspectedSegment {
  std::string name;
  std::uint64_t file_bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;  // first_sequence - 1: none
  std::uint64_t blocks = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of records
  std::uint64_t unacknowledged = 0;
  std::vector<BadRange> bad;  // what should be blocks and is none
};

// What a directory holds. Counts are of whole blocks, every check made.
struct Inspection {
  enum class PositionState { kMissing, kSound, kCorrupt };

  std::vector<InspectedSegment> segments;  // rising
  PositionState position = PositionState::kMissing;
  std::uint64_t low_water = 0;  // everything up to it is acknowledged
  std::uint64_t blocks = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unacknowledged = 0;
  std::uint64_t lost = 0;  // records that were not acknowledged and that no block holds any more
  std::uint64_t spares = 0;
  std::uint64_t quarantine_files = 0;
  std::uint64_t quarantine_bytes = 0;
  std::vector<std::string> damage;   // one line each; empty: sound
  std::uint64_t set_aside = 0;       // of the damage: what a start has copied to quarantine/ already
  std::vector<std::string> remarks;  // what a stop or a crash may leave: nothing of it is damage
};

struct InspectedRecord {
  std::uint64_t source = 0;
  std::uint64_t sequence = 0;
  std::int64_t written_ms = 0;
  bool acknowledged = false;
  std::string_view bytes;  // valid during the call
};
// Called for each record of a whole block, rising. False ends the inspection there, its counts incomplete.
using RecordVisitor = std::function<bool(const InspectedRecord&)>;

// Reads the whole directory and changes nothing: takes no lock, so a daemon may be using it. Then the answer is true of
// some moment during the call, except that acknowledgements may be as old as the saved position (a second); a block
// that is being written is no damage, and segments released meanwhile are left out. One file is open at a time. Errors:
// kNotFound, kIo (unreadable), kInvalid (a newer version wrote it).
Result<Inspection> inspect(FileSystem& files, const std::filesystem::path& directory,
                           const RecordVisitor& visit = nullptr);

// Whether the names of a directory's entries are those of a spool.
bool resembles_spool(const std::vector<std::string>& names);

}  // namespace hubferry::spool

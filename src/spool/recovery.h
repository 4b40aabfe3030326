#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "spool/position.h"
#include "spool/segment.h"
#include "spool/spool.h"

namespace hubferry::spool {

// What a directory holds after a stop or a crash, all segments sealed.
struct Recovered {
  std::deque<SegmentInfo> segments;  // rising
  std::vector<std::string> spares;
  std::uint64_t next_spare = 0;
  Position position;                        // acknowledged: ranges above low_water as the position file had them
  std::vector<std::uint64_t> sources;       // of the blocks
  std::shared_ptr<const Block> last_block;  // null: none, or it cannot be read
  std::uint64_t quarantined = 0;
  std::vector<std::string> notices;
};

// Reads and repairs the directory, which is locked by the caller. `position` is what its file says, if anything.
// Errors: the directory or a file cannot be opened, or a newer version wrote it. Corrupt content is no error. Of the
// segment written last every byte is checked; of the others the headers of the blocks: the reader checks the rest.
Result<Recovered> recover(FileSystem& files, const std::filesystem::path& directory,
                          const std::optional<Position>& position);

}  // namespace hubferry::spool

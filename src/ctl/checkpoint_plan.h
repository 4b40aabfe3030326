#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "ctl/group_view.h"

namespace hubferry::ctl {

// Where checkpoints are to go.
struct CheckpointGoal {
  enum class Kind { kOffset, kEarliest, kLatest, kTime };
  Kind kind = Kind::kOffset;
  std::int64_t value = 0;                 // the offset, or milliseconds since the Unix epoch
  std::optional<std::int32_t> partition;  // none: all
};

// The new checkpoints. They keep the daemon's note of how many partitions there were at the first start and nothing
// else of it: attempts and what was finished ahead belong to the old place. Errors say what does not fit. For kTime
// `view` was looked up with that time.
Result<std::vector<kafka::PartitionOffset>> plan_set(const GroupView& view, const CheckpointGoal& goal);

// The checkpoint behind one event, if this is the next one to be finished: what was finished ahead stays so.
Result<kafka::PartitionOffset> plan_skip(const GroupView& view, std::int32_t partition, std::int64_t offset);

}  // namespace hubferry::ctl

#include "kafka/own_commits.h"

#include <algorithm>

namespace hubferry::kafka {

void OwnCommits::sent(std::int32_t partition, std::int64_t offset) {
  partitions_[partition].offsets.push_back(offset);
}

void OwnCommits::acknowledged(std::int32_t partition, std::int64_t offset) {
  Partition& known = partitions_[partition];
  const auto from = known.offsets.begin() + static_cast<std::ptrdiff_t>(known.acknowledged);
  const auto found = std::find(from, known.offsets.end(), offset);
  if (found == known.offsets.end()) return;
  known.acknowledged = static_cast<std::size_t>(found - known.offsets.begin()) + 1;
}

void OwnCommits::mark() {
  for (auto& [partition, known] : partitions_) {
    if (known.acknowledged == 0) continue;
    known.offsets.erase(known.offsets.begin(),
                        known.offsets.begin() + static_cast<std::ptrdiff_t>(known.acknowledged) - 1);
    known.acknowledged = 1;
    known.marked = true;
  }
}

bool OwnCommits::is_own(std::int32_t partition, std::int64_t committed) const {
  const auto known = partitions_.find(partition);
  if (known == partitions_.end() || !known->second.marked) return true;
  const std::deque<std::int64_t>& offsets = known->second.offsets;
  return std::find(offsets.begin(), offsets.end(), committed) != offsets.end();
}

}  // namespace hubferry::kafka

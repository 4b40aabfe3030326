#include "consume/group_watch.h"

#include <algorithm>

namespace hubferry::consume {

GroupWatch::Findings GroupWatch::look(const std::vector<kafka::PartitionPosition>& positions,
                                      const std::vector<Assigned>& assigned, Instant now) {
  Findings findings;
  std::map<std::int32_t, std::int64_t> next_fetch;
  for (const Assigned& partition : assigned) {
    const auto index = static_cast<std::size_t>(partition.partition);
    if (index >= positions.size()) continue;
    const kafka::PartitionPosition& position = positions[index];
    const std::int64_t lag = std::max<std::int64_t>(0, position.end - partition.position);
    findings.lag += lag;
    const bool removed_before = position.low > 0;
    const bool oldest = removed_before && (partition.position - position.low) * 5 < position.end - position.low;
    if (lag > 0 && (oldest || partition.position < position.aged)) {
      findings.near_retention.push_back(partition.partition);
    }
    if (position.end <= partition.next_fetch || !partition.has_room) continue;
    next_fetch[partition.partition] = partition.next_fetch;
    const auto before = next_fetch_.find(partition.partition);
    if (before != next_fetch_.end() && before->second == partition.next_fetch) {
      findings.starved.push_back(partition.partition);
    }
  }
  next_fetch_ = std::move(next_fetch);
  if (!assigned.empty()) {
    idle_since_.reset();
  } else {
    findings.rejoin = nobody_reads(positions, now);
  }
  return findings;
}

bool GroupWatch::nobody_reads(const std::vector<kafka::PartitionPosition>& positions, Instant now) {
  std::vector<std::int64_t> commits;
  bool events_wait = false;
  for (const kafka::PartitionPosition& position : positions) {
    commits.push_back(position.committed);
    events_wait = events_wait || position.end > std::max(position.committed, position.low);
  }
  if (!events_wait || !idle_since_ || commits != commits_) {
    commits_ = std::move(commits);
    idle_since_ = now;
    return false;
  }
  return now - *idle_since_ >= kRejoinAfter;
}

}  // namespace hubferry::consume

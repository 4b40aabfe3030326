#include "consume/start_plan.h"

#include <algorithm>
#include <optional>

namespace hubferry::consume {
namespace {

using kafka::PartitionPosition;

// 0: not known.
std::int32_t partitions_at_start(const std::vector<PartitionPosition>& positions) {
  std::int32_t noted = 0;
  bool any = false;
  for (const PartitionPosition& position : positions) {
    if (position.committed < 0) continue;
    any = true;
    if (const auto note = decode_note(position.metadata, position.committed)) {
      noted = std::max(noted, note->partitions_at_start);
    }
  }
  if (noted != 0 || any) return noted;
  return static_cast<std::int32_t>(positions.size());
}

std::int64_t first_start(const config::StartPosition& start, const PartitionPosition& position) {
  switch (start.kind) {
    case config::StartPosition::Kind::kLatest:
      return position.end;
    case config::StartPosition::Kind::kTimestamp:
      return position.at_timestamp < 0 ? position.end : position.at_timestamp;
    case config::StartPosition::Kind::kEarliest:
      break;
  }
  return position.low;
}

std::string place(const config::ConsumeRoute& route, std::int32_t partition) {
  return "topic " + route.topic + " partition " + std::to_string(partition) + ": ";
}

class Planner {
 public:
  Planner(const config::ConsumeRoute& route, const std::vector<PartitionPosition>& positions)
      : route_(route), known_(partitions_at_start(positions)), count_(static_cast<std::int32_t>(positions.size())) {}

  void add(std::int32_t partition, const PartitionPosition& position) {
    Start start = position.committed < 0 ? without_checkpoint(partition, position) : resumed(partition, position);
    start.partition = partition;
    start.note.partitions_at_start = known_ != 0 ? known_ : count_;
    const std::int64_t look_back = route_.skip_resends ? route_.resends_look_back : 0;
    plan_.fetch_from.push_back({partition, std::max(position.low, start.offset - look_back), {}});
    plan_.starts.push_back(std::move(start));
  }
  StartPlan take() { return std::move(plan_); }

 private:
  Start without_checkpoint(std::int32_t partition, const PartitionPosition& position) const {
    Start start;
    const bool there_at_start = known_ != 0 && partition < known_;
    start.offset = there_at_start ? first_start(route_.start, position) : position.low;
    start.committed = false;
    return start;
  }

  Start resumed(std::int32_t partition, const PartitionPosition& position) {
    Start start;
    start.offset = position.committed;
    if (position.committed < position.low) {
      const std::int64_t gap = position.low - position.committed;
      plan_.expired += gap;
      plan_.notices.push_back(place(route_, partition) + "retention has removed " + std::to_string(gap) +
                              " events that were not processed yet (checkpoint " + std::to_string(position.committed) +
                              ", oldest event " + std::to_string(position.low) +
                              "); goes on with the oldest. Give the topic a longer retention or the route more power");
      return restarted(start, position);
    }
    if (position.committed > position.end) {
      plan_.notices.push_back(place(route_, partition) + "the checkpoint " + std::to_string(position.committed) +
                              " lies behind the end " + std::to_string(position.end) +
                              ": the topic was cut or created anew; begins at its oldest event");
      return restarted(start, position);
    }
    auto note = decode_note(position.metadata, position.committed);
    if (!note) {
      plan_.notices.push_back(place(route_, partition) +
                              "the metadata of its checkpoint is not HubFerry's, or damaged, and is ignored: attempts "
                              "and finished events above the checkpoint are not known");
    }
    start.note = std::move(note).value_or(CommitNote{});
    return start;
  }

  static Start restarted(Start start, const PartitionPosition& position) {
    start.offset = position.low;
    start.committed = false;
    return start;
  }

  const config::ConsumeRoute& route_;
  std::int32_t known_;
  std::int32_t count_;
  StartPlan plan_;
};

}  // namespace

StartPlan plan_starts(const config::ConsumeRoute& route, const std::vector<std::int32_t>& partitions,
                      const std::vector<PartitionPosition>& positions, bool patient) {
  Planner planner(route, positions);
  for (const std::int32_t partition : partitions) {
    const auto index = static_cast<std::size_t>(partition);
    const bool unknown = index >= positions.size() || positions[index].low < 0 || positions[index].end < 0;
    if (unknown || (patient && positions[index].committed > positions[index].end)) {
      StartPlan plan;
      plan.complete = false;
      return plan;
    }
    planner.add(partition, positions[index]);
  }
  return planner.take();
}

}  // namespace hubferry::consume

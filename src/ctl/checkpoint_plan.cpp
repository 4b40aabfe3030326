#include "ctl/checkpoint_plan.h"

#include <algorithm>

#include "consume/commit_note.h"

namespace hubferry::ctl {
namespace {

using consume::CommitNote;

CommitNote note_of(const kafka::PartitionPosition& position) {
  return consume::decode_note(position.metadata, position.committed).value_or(CommitNote{});
}

std::string place(const GroupView& view, std::int32_t partition) {
  return "partition " + std::to_string(partition) + " of " + view.route->topic;
}

Status check_partition(const GroupView& view, std::int32_t partition) {
  if (partition >= 0 && static_cast<std::size_t>(partition) < view.positions.size()) return {};
  return fail(ErrorCode::kInvalid, view.route->topic + " has " + std::to_string(view.positions.size()) +
                                       " partitions, from 0 on: there is no partition " + std::to_string(partition));
}

Result<std::int64_t> goal_offset(const GroupView& view, std::int32_t partition, const CheckpointGoal& goal) {
  const auto& position = view.positions[static_cast<std::size_t>(partition)];
  if (position.low < 0 || position.end < 0) {
    return fail(ErrorCode::kUnavailable, "the broker did not tell the offsets of " + place(view, partition),
                Disposition::kRetry);
  }
  switch (goal.kind) {
    case CheckpointGoal::Kind::kEarliest:
      return position.low;
    case CheckpointGoal::Kind::kLatest:
      return position.end;
    case CheckpointGoal::Kind::kTime:
      if (position.at_timestamp >= 0) return position.at_timestamp;
      return fail(ErrorCode::kUnavailable,
                  "the broker did not tell the offset for this time in " + place(view, partition), Disposition::kRetry);
    case CheckpointGoal::Kind::kOffset:
      break;
  }
  if (goal.value >= position.low && goal.value <= position.end) return goal.value;
  return fail(ErrorCode::kInvalid, place(view, partition) + " holds the offsets " + std::to_string(position.low) +
                                       " to " + std::to_string(position.end) + " (the next one); " +
                                       std::to_string(goal.value) + " is none of them");
}

}  // namespace

Result<std::vector<kafka::PartitionOffset>> plan_set(const GroupView& view, const CheckpointGoal& goal) {
  std::vector<kafka::PartitionOffset> offsets;
  const auto count = static_cast<std::int32_t>(view.positions.size());
  if (goal.partition) {
    if (auto status = check_partition(view, *goal.partition); !status) return tl::make_unexpected(status.error());
  }
  for (std::int32_t partition = 0; partition < count; ++partition) {
    if (goal.partition ? *goal.partition != partition : !reads(*view.route, partition)) continue;
    const auto offset = goal_offset(view, partition, goal);
    if (!offset) return tl::make_unexpected(offset.error());
    CommitNote note;
    note.partitions_at_start = note_of(view.positions[static_cast<std::size_t>(partition)]).partitions_at_start;
    offsets.push_back({partition, *offset, consume::encode(note, *offset)});
  }
  return offsets;
}

Result<kafka::PartitionOffset> plan_skip(const GroupView& view, std::int32_t partition, std::int64_t offset) {
  if (auto status = check_partition(view, partition); !status) return tl::make_unexpected(status.error());
  const auto& position = view.positions[static_cast<std::size_t>(partition)];
  const std::string text = std::to_string(offset);
  if (position.committed != offset) {
    const std::string is = position.committed < 0 ? "there is none" : "it is " + std::to_string(position.committed);
    return fail(ErrorCode::kInvalid, "only the event at the checkpoint can be skipped, and in " +
                                         place(view, partition) + " " + is + ", not " + text +
                                         ". Events before it are finished, those behind it come only when it is; "
                                         "hubferryctl checkpoint set jumps anywhere");
  }
  if (offset >= position.end) {
    return fail(ErrorCode::kInvalid,
                "nothing to skip: offset " + text + " of " + place(view, partition) + " is not written yet");
  }
  CommitNote note = note_of(position);
  note.failures.erase(offset);
  std::int64_t next = offset + 1;
  while (!note.finished.empty() && note.finished.front().first <= next) {
    next = std::max(next, note.finished.front().last + 1);
    note.finished.erase(note.finished.begin());
  }
  return kafka::PartitionOffset{partition, next, consume::encode(note, next)};
}

}  // namespace hubferry::ctl

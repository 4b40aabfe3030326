#include "ctl/replay_plan.h"

#include <algorithm>

#include "ctl/key_effect.h"
#include "deliver/dead_letter.h"
#include "deliver/forward.h"

namespace hubferry::ctl {
ReplayFate fate_of(const event::Record& record, const std::optional<DeadLetterInfo>& info, const ReplayRules& rules) {
  if (!info || info->route != rules.filter.route) return ReplayFate::kForeign;
  if (!rules.filter.matches(record, *info)) return ReplayFate::kPassedOver;
  return info->replays >= rules.max_replays ? ReplayFate::kTooOften : ReplayFate::kReplay;
}

std::vector<event::Header> replayed_headers(const event::Record& record, std::string_view replays,
                                            std::string_view route) {
  std::vector<event::Header> headers = deliver::forwarded_headers(record);
  std::erase_if(headers, [](const event::Header& header) {
    return header.name.starts_with(deliver::kDeadPrefix) || header.name == deliver::kReplays ||
           header.name == deliver::kReplayedFor;
  });
  headers.push_back({deliver::kReplays, replays});
  headers.push_back({deliver::kReplayedFor, route});
  return headers;
}

std::int32_t replay_partition(const event::Record& record, const DeadLetterInfo& info, const std::string& topic,
                              config::Partitioner partitioner, std::int32_t partitions) {
  if (record.key) return partition_of_key(partitioner, *record.key, partitions);
  if (topic == info.topic && info.partition >= 0 && info.partition < partitions) {
    return static_cast<std::int32_t>(info.partition);
  }
  return static_cast<std::int32_t>((record.offset + record.partition) % partitions);
}

void ReplayCounts::count(ReplayFate fate, const std::optional<DeadLetterInfo>& info) {
  constexpr std::size_t kMostReasons = 20;
  constexpr std::size_t kReasonBytes = 60;
  switch (fate) {
    case ReplayFate::kReplay: {
      ++replayed;
      const std::string reason = info ? info->reason.substr(0, kReasonBytes) : std::string();
      ++reasons[reasons.size() < kMostReasons || reasons.contains(reason) ? reason : "(others)"];
      break;
    }
    case ReplayFate::kForeign:
      ++foreign;
      break;
    case ReplayFate::kPassedOver:
      ++passed_over;
      break;
    case ReplayFate::kTooOften:
      ++too_often;
      break;
  }
}

}  // namespace hubferry::ctl

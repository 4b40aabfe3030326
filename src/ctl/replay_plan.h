#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "ctl/dead_letter_event.h"
#include "event/event.h"

namespace hubferry::ctl {

struct ReplayRules {
  DeadLetterFilter filter;
  std::string to;                 // a topic; empty: that which the event was read from
  std::uint32_t max_replays = 3;  // an event that came back so often already stays
};

enum class ReplayFate {
  kReplay,
  kForeign,     // no dead letter, or that of another route
  kPassedOver,  // does not match the filter
  kTooOften,
};
ReplayFate fate_of(const event::Record& record, const std::optional<DeadLetterInfo>& info, const ReplayRules& rules);

// The event's own headers and how it came back; `replays` is the text of the new count. Views into the arguments.
std::vector<event::Header> replayed_headers(const event::Record& record, std::string_view replays,
                                            std::string_view route);

// By key as the produce road does, without a key where it was read, if that is the same topic, else spread.
std::int32_t replay_partition(const event::Record& record, const DeadLetterInfo& info, const std::string& topic,
                              config::Partitioner partitioner, std::int32_t partitions);

struct ReplayCounts {
  std::uint64_t replayed = 0;  // or to be replayed, in a survey
  std::uint64_t passed_over = 0;
  std::uint64_t too_often = 0;
  std::uint64_t before = 0;  // replayed by an earlier run
  std::uint64_t foreign = 0;
  std::uint64_t rejected = 0;                    // the target does not take them
  std::uint64_t unknown = 0;                     // sent, and nobody knows whether they were stored
  std::map<std::string, std::uint64_t> reasons;  // of the replayed ones: the most frequent kinds

  void count(ReplayFate fate, const std::optional<DeadLetterInfo>& info);
};

}  // namespace hubferry::ctl

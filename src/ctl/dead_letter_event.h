#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "ctl/options.h"
#include "event/event.h"

namespace hubferry::ctl {

// What a record of a dead-letter topic says about itself, see deliver/dead_letter.h.
struct DeadLetterInfo {
  std::string route;
  std::string group;
  std::string reason;
  std::uint32_t attempts = 0;
  std::string topic;               // where the event was read
  std::int64_t partition = -1;     // -1: not told
  std::int64_t offset = -1;        // -1: not told
  std::int64_t timestamp_ms = -1;  // of the event; -1: none
  std::int64_t time_ms = -1;       // of the dead letter; -1: none
  std::uint32_t replays = 0;
};
// Nothing for a record that is no dead letter: it does not say its route and its topic.
std::optional<DeadLetterInfo> read_dead_letter(const event::Record& record);

// Which dead letters of a route are meant.
struct DeadLetterFilter {
  std::string route;
  std::string reason;                 // part of the reason, capitals or not; empty: any
  std::optional<std::string> key;     // the whole key
  std::optional<std::int64_t> since;  // milliseconds, Unix epoch: of the dead letter
  std::optional<std::int64_t> until;  // not included

  // The options reason, key, since and until.
  static Result<DeadLetterFilter> read(const std::string& route, const Options& options, std::int64_t now_ms);
  // Whether it leaves out any of the route's.
  bool narrow() const { return !reason.empty() || key || since || until; }
  bool matches(const event::Record& record, const DeadLetterInfo& info) const;
};

}  // namespace hubferry::ctl

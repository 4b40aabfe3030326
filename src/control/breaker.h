#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "control/record.h"

namespace hubferry::control {

// What the log says of one breaker. Part of the Fold: pure, all times are the log's.
//
//   closed(g) --tallies cross a rule, or a person--> open(g) --resume--> half-open(g) --probe succeeded--> closed(g+1)
//                                                                                   \--probe failed--> open(g+1)
// An incident lasts from closed to closed; each of its openings has a generation, a notification and links of its own.
struct Breaker {
  enum class State { kClosed, kOpen, kHalfOpen };

  // What one incarnation contributed in this generation.
  struct Share {
    std::string instance;
    std::vector<std::pair<std::int64_t, std::uint64_t>> failures;   // (when, how many), final ones, within the window
    std::vector<std::pair<std::int64_t, std::uint64_t>> successes;  // the same, of events that succeeded
    std::uint64_t run = 0;                                          // final failures since its last success
    std::int64_t unavailable_since_ms = -1;                         // of its handler; -1: available
    std::vector<Reason> reasons;
    std::int64_t lag = -1;
    bool operator==(const Share&) const = default;
  };
  struct Token {
    std::string hash;
    std::uint64_t generation = 0;
    std::int64_t expires_ms = 0;
    bool used = false;
    bool operator==(const Token&) const = default;
  };
  struct Claim {
    std::uint64_t incarnation = 0;
    std::int64_t at_ms = 0;
    std::int32_t partition = -1;  // of a probe
    bool operator==(const Claim&) const = default;
  };

  static constexpr Milliseconds kNotifyLease{60'000};  // then another instance may tell people
  // Successes of instances that see no failures come with their next tally: a run of failures is believed after this.
  static constexpr Milliseconds kRunMustLast{10'000};
  static constexpr std::size_t kMostTokens = 16;
  static constexpr std::size_t kMostReasons = 5;
  static constexpr std::uint32_t kMostDoublings = 6;  // of the cool-down

  config::BreakerRules rules;
  State state = State::kClosed;
  std::uint64_t generation = 1;
  std::int64_t since_ms = 0;      // of this state
  std::int64_t since_offset = 0;  // the record that made it
  // Closed:
  std::map<std::uint64_t, Share> shares;  // by incarnation
  std::uint64_t run = 0;                  // final failures since the last success
  std::int64_t run_since_ms = 0;
  std::set<std::string> run_by;  // instances
  // Not closed:
  std::uint64_t incident = 0;   // the generation that opened first
  std::int64_t opened_ms = 0;   // the incident's first opening
  std::string reason;           // of this opening
  std::vector<Reason> reasons;  // what the handler said, most frequent first
  std::int64_t lag = -1;
  std::uint32_t failed_probes = 0;
  bool notified = false;
  std::optional<Claim> notifier;
  std::optional<Claim> prober;
  std::vector<Token> tokens;  // of all openings, the oldest go first

  bool operator==(const Breaker&) const = default;

  // Final failures within the window.
  std::uint64_t failures(std::int64_t now_ms) const;
  // From when on it may be tried without a person; nothing: never.
  std::optional<std::int64_t> cool_down_ends_ms() const;
  // Why a link with this token cannot resume; nothing: it can.
  std::optional<std::string> link_trouble(const std::string& token_hash, std::int64_t now_ms) const;
  const char* state_name() const;
};

// What a record meets besides the breaker itself.
struct Circumstances {
  std::int64_t now_ms = 0;
  std::int64_t offset = 0;
  std::map<std::uint64_t, std::string> alive;  // incarnations that live and serve the breaker, and their instances
};

// Applies one record. Nothing: it was taken; else why it does not fit.
std::optional<std::string> apply(Breaker& breaker, const Record& record, const Circumstances& around);

}  // namespace hubferry::control

#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"

namespace hubferry::control {

// Who wrote a record. The nonces of one incarnation rise, and it has one record under way at a time: a record whose
// nonce is not above the last one of its incarnation is a repetition.
struct Author {
  std::string instance;           // its name, the same after a restart
  std::uint64_t incarnation = 0;  // random, new with each start
  std::uint64_t nonce = 0;

  bool operator==(const Author&) const = default;
};

// A reason of failures and how often it was met.
using Reason = std::pair<std::string, std::uint64_t>;

// ---- what records say; those with a breaker are for that breaker and its generation

// The author lives, and serves these breakers.
struct Alive {
  std::vector<std::string> breakers;
  bool operator==(const Alive&) const = default;
};
// What the breaker opens by, from here on; written by an instance whose configuration differs when it starts.
struct SetRules {
  config::BreakerRules rules;
  bool operator==(const SetRules&) const = default;
};
// What happened since the author's last tally.
struct Tally {
  // Final failures: how long ago, and how many. Ages, because clocks differ: a record that comes late is not fresh.
  std::vector<std::pair<Milliseconds, std::uint64_t>> failures;
  std::uint64_t successes = 0;
  std::uint64_t trailing = 0;       // of the final failures: those after the last success
  bool unavailable = false;         // the handler, now
  Milliseconds unavailable_for{0};  // and how long
  std::vector<Reason> reasons;      // the most frequent ones
  std::int64_t lag = -1;            // events that wait, of the author's partitions; -1: not known
  bool operator==(const Tally&) const = default;
};
// A person opens the breaker.
struct Open {
  std::string by;
  std::string reason;
  bool operator==(const Open&) const = default;
};
// The author will tell people of this opening. `token_hash` is the SHA-256 of the link's token, in hexadecimal digits;
// empty: the claim is renewed, with the link it had.
struct NotifyClaim {
  std::string token_hash;
  Milliseconds valid_for{0};  // the link
  bool operator==(const NotifyClaim&) const = default;
};
struct Notified {
  bool operator==(const Notified&) const = default;
};
// Try again, by a link, a person, or because the cool-down is over.
struct Resume {
  enum class Way { kLink, kOperator, kCoolDown };
  Way way = Way::kOperator;
  std::string token_hash;  // of kLink
  std::string by;
  bool operator==(const Resume&) const = default;
};
// The author tries: events of this partition, one at a time. -1: it cannot any more.
struct ProbeClaim {
  std::int32_t partition = -1;
  bool operator==(const ProbeClaim&) const = default;
};
struct ProbeResult {
  bool ok = false;
  std::uint64_t events = 0;
  std::string reason;  // when not ok
  bool operator==(const ProbeResult&) const = default;
};
// A person closes the breaker without a try.
struct Close {
  std::string by;
  bool operator==(const Close&) const = default;
};
// What all records before offset `upto` made: the Fold's own text.
struct Snapshot {
  std::int64_t upto = 0;
  std::string state;
  bool operator==(const Snapshot&) const = default;
};
// The author found neither the log's first record nor a snapshot.
struct WantSnapshot {
  bool operator==(const WantSnapshot&) const = default;
};
// Nobody had one: everything begins anew here.
struct BeginAnew {
  bool operator==(const BeginAnew&) const = default;
};
// A kind that this version does not know and may skip.
struct Unknown {
  std::string kind;
  bool operator==(const Unknown&) const = default;
};

using Body = std::variant<Alive, SetRules, Tally, Open, NotifyClaim, Notified, Resume, ProbeClaim, ProbeResult, Close,
                          Snapshot, WantSnapshot, BeginAnew, Unknown>;

struct Record {
  Author author;
  std::string breaker;           // empty: of none
  std::uint64_t generation = 0;  // of the breaker, as the author knew it
  Body body;

  bool operator==(const Record&) const = default;
};

// JSON: {"v":1,"kind":"tally","crit":true,"inst":"pod-0","inc":"<16 hex>","nonce":7,"breaker":"billing","gen":3,...};
// see README.md. At most kMostRecordBytes.
std::string encode(const Record& record);
inline constexpr std::size_t kMostRecordBytes = 900'000;  // below Event Hubs' 1 MB

// kCorrupt: no record of this log (garbage, or a member is missing or wrong). kInvalid and kFatal: of a newer version
// and critical: this instance must not act on a log that it does not understand.
Result<Record> decode(std::string_view text);

}  // namespace hubferry::control

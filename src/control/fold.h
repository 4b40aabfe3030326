#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "control/breaker.h"
#include "control/record.h"

namespace hubferry::control {

// What became of one record.
struct Applied {
  enum class Fate {
    kTaken,
    kRepeated,  // its incarnation's nonce was met before
    kRefused,   // it does not fit the state: `reason` says why
    kSkipped,   // of a kind that this version does not know, or not for the fold
    kHeld,      // the state before it is not known yet
  };
  Fate fate = Fate::kTaken;
  std::string reason;
};

// The state that the control log makes: whoever has applied the same records is in the same state. Nothing but the
// log's own offsets, timestamps and records goes in: no clock, no I/O. One thread.
//
// Time is the log's: the broker's timestamps, which may step back, so it is the latest one met.
// A reader that cannot begin at offset 0, because retention has removed it, knows nothing until it meets a snapshot
// that covers the first offset it has read; then it applies what it has kept since.
class Fold {
 public:
  static constexpr Milliseconds kLease{30'000};      // an instance is alive so long after its last record
  static constexpr Milliseconds kForget{3'600'000};  // and so long its nonces are remembered
  static constexpr Milliseconds kNobodyFor{60'000};  // before an unknown history may begin anew
  static constexpr Milliseconds kClockStep{15'000};  // brokers' clocks are that close to each other
  static constexpr std::size_t kMostInstances = 1'000;

  struct Instance {
    std::string name;
    std::uint64_t nonce = 0;            // the highest one met
    std::int64_t seen_ms = 0;           // log time of the last record
    std::vector<std::string> breakers;  // that it serves
    bool operator==(const Instance&) const = default;
  };

  // Reading begins, or begins anew, at `offset`, the log's oldest record.
  void begin(std::int64_t offset);
  // Records in the order of their offsets.
  Applied apply(std::int64_t offset, std::int64_t timestamp_ms, const Record& record);

  // False as long as the history is not known.
  bool known() const { return known_; }
  // The offset behind the last record.
  std::int64_t position() const { return position_; }
  std::int64_t now_ms() const { return now_ms_; }
  std::int64_t snapshot_ms() const { return snapshot_ms_; }  // log time of the last snapshot; of the beginning
  std::int64_t wanted_ms() const { return wanted_ms_; }      // when somebody asked for one since then; -1: nobody

  // nullptr: nothing was said of it yet.
  const Breaker* breaker(const std::string& name) const;
  const std::map<std::string, Breaker>& breakers() const { return breakers_; }
  const std::map<std::uint64_t, Instance>& instances() const { return instances_; }
  // Different names of instances that live and serve the breaker.
  std::size_t alive(const std::string& breaker) const;
  bool is_alive(std::uint64_t incarnation) const;

  // The state as a snapshot carries it.
  std::string snapshot() const;

  // What the log has made of it; the position is not part of that.
  bool operator==(const Fold& other) const;

 private:
  struct Held {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    Record record;
  };

  Applied hold(std::int64_t offset, std::int64_t timestamp_ms, const Record& record);
  Applied take(std::int64_t offset, std::int64_t timestamp_ms, const Record& record);
  bool restore(std::string_view state);
  Applied begin_anew(const Author& author, std::int64_t timestamp_ms);
  bool alone_for_certain(std::int64_t timestamp_ms, const Author& author) const;
  bool note_author(const Record& record);
  void forget_silent();

  bool known_ = false;
  std::int64_t begun_ = 0;  // the first offset read
  std::int64_t position_ = 0;
  std::vector<Held> held_;  // since then, while the history is not known

  std::int64_t now_ms_ = 0;
  std::int64_t snapshot_ms_ = 0;
  std::int64_t wanted_ms_ = -1;
  std::map<std::uint64_t, Instance> instances_;  // by incarnation
  std::map<std::string, Breaker> breakers_;
};

}  // namespace hubferry::control

#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/circuit.h"
#include "base/clock.h"
#include "config/settings.h"
#include "control/fold.h"
#include "control/record.h"

namespace hubferry::control {

// A link's secret, and what the log may know of it.
struct Token {
  std::string secret;
  std::string hash;  // SHA-256, hexadecimal
};

// What people are told of one opening.
struct Notice {
  std::string breaker;
  std::uint64_t generation = 0;
  std::string token;  // the link's secret
  std::int64_t log_ms = 0;
  Breaker state;
};

// What a person asks of a breaker.
struct Command {
  enum class Kind { kOpen, kClose, kResume, kResumeByLink };
  Kind kind = Kind::kResume;
  std::string breaker;
  std::string by;
  std::string reason;      // of kOpen
  std::string token_hash;  // of kResumeByLink
};
struct CommandAnswer {
  std::uint64_t ticket = 0;
  bool done = false;
  std::string trouble;  // when not done: a sentence without a full stop
};

// One instance's part in the breakers that it serves: which records it appends to the log, what it lets its routes do,
// and when it tells people. A state machine without thread, I/O or clock: it is fed the log, the routes' tallies and
// the time. The decisions that all instances share are the Fold's.
//
// One record of it is under way at a time; it ends when it is read back from the log, so an append whose result is not
// known is simply tried again: the second copy counts for nothing.
class Member {
 public:
  static constexpr Milliseconds kTallyInterval{5'000};
  static constexpr Milliseconds kEarlyTally{1'000};  // when it could open the breaker
  static constexpr Milliseconds kAliveInterval{10'000};
  static constexpr Milliseconds kAppendTimeout{15'000};  // not read back: it is tried again
  static constexpr Milliseconds kNoticeMayTake{15'000};  // one attempt to tell people; as old may its claim be before
  static constexpr Milliseconds kProbeIdle{5'000};       // no more events: what was tried is enough
  static constexpr Milliseconds kJitter{1'000};          // so that not all instances claim at once
  static constexpr Milliseconds kWantInterval{20'000};

  struct Options {
    std::string instance;
    std::uint64_t incarnation = 0;
    bool notifies = false;  // there is somebody to be told
    Milliseconds link_valid_for{0};
    Milliseconds snapshot_interval{0};  // 0: none, the log is this instance's own
    Milliseconds tally_interval = kTallyInterval;
    std::function<Token()> new_token;
    std::uint64_t seed = 1;
  };
  struct Statistics {
    std::uint64_t appends = 0;
    std::uint64_t append_failures = 0;
    std::uint64_t notices = 0;
    std::uint64_t notice_failures = 0;
    std::uint64_t overshoot = 0;  // final failures after the opening
  };

  Member(Options options, const std::map<std::string, config::BreakerRules>& breakers);

  // ---- the log
  void begin(std::int64_t oldest, Instant now);
  Applied record(std::int64_t offset, std::int64_t timestamp_ms, const Record& record, Instant now);
  void reached_end(Instant now);
  // The record to be appended now.
  std::optional<Record> next_record(Instant now);
  void append_failed(Instant now);

  // ---- the routes
  void tally(const std::string& breaker, const RouteTally& tally, Instant now);
  // Nothing: the log was not read to its end yet, so the state is not known.
  std::optional<Permit> permit(const std::string& breaker) const;

  // ---- people
  std::optional<Notice> next_notice(Instant now);
  void noticed(const std::string& breaker, std::uint64_t generation, bool ok, Instant now);
  // The answer comes when the record was read back.
  std::uint64_t command(Command command);
  // Nobody waits for the answer any more: it is not tried again. What was appended already counts.
  void cancel(std::uint64_t ticket);
  std::vector<CommandAnswer> take_answers() { return std::exchange(answers_, {}); }

  const Fold& fold() const { return fold_; }
  const Statistics& statistics() const { return statistics_; }
  bool is_current() const { return current_; }  // the log was read to its end
  // When next_record() or next_notice() may have something without an input.
  static constexpr Milliseconds kTick{100};

 private:
  struct Own {
    config::BreakerRules rules;
    bool rules_written = false;
    RouteTally pending;                                       // not in a record yet
    std::deque<std::pair<Instant, std::uint64_t>> successes;  // of it, those within the window
    std::uint64_t released = 0;
    std::optional<Instant> last_tally;
    std::uint64_t successes_since_run = 0;
    std::optional<std::string> held_open;  // why, while the log does not say so

    Breaker::State seen = Breaker::State::kClosed;  // the last state and generation met, and since when
    std::uint64_t seen_generation = 1;
    Instant seen_at{};
    Milliseconds patience{0};  // jitter, for claims

    // Telling people.
    Token token;
    std::uint64_t token_generation = 0;
    std::optional<Instant> claim_written;  // the last claim of this instance that the log has
    std::int64_t claim_seen_ms = -1;       // the last one of anybody, as the log has it
    Instant claim_seen{};                  // when it was read
    Instant claim_tried{};
    bool telling = false;
    std::uint64_t told_generation = 0;  // people were told, the log is not yet
    Instant tell_at{};
    std::uint32_t tell_failures = 0;
    Instant cool_down_tried{};
    // Trying.
    std::optional<Instant> probe_idle_since;
    std::uint64_t probe_done = 0;
  };
  struct UnderWay {
    Record record;
    Instant written{};         // made
    Instant again{};           // when it is tried again
    bool at_log = false;       // appended, its reading is awaited
    std::uint64_t ticket = 0;  // of a command
    std::uint64_t finals = 0;  // of a tally: the number of its last final failure
    // Of a tally: its ages are made anew with each try.
    std::vector<std::pair<Instant, std::uint64_t>> failures;
    std::optional<Instant> unavailable_since;
  };
  using Made = std::optional<Record>;

  Record made(const std::string& breaker, std::uint64_t generation, Body body) const;
  const Breaker& state(const std::string& breaker) const;
  // What may have to be written, in this order.
  Made make(Instant now);
  Made make_for_history(Instant now);
  Made make_command();
  Made make_alive(Instant now);
  Made make_snapshot(Instant now);
  Made make_for(const std::string& name, Own& own, Instant now);
  Made make_tally(const std::string& name, Own& own, const Breaker& breaker, Instant now);
  Made make_claim(const std::string& name, Own& own, const Breaker& breaker, Instant now);
  Made make_probe(const std::string& name, Own& own, const Breaker& breaker, Instant now);
  bool tally_due(const Own& own, const Breaker& breaker, Instant now) const;
  void refresh_ages(Instant now);

  void read_back(const Applied& applied, Instant now);
  void give_up_under_way();
  void watch(const std::string& name, Own& own, Instant now);
  Milliseconds jitter();

  const Options options_;
  Fold fold_;
  std::map<std::string, Own> own_;
  bool current_ = false;
  std::optional<UnderWay> under_way_;
  std::uint64_t nonce_ = 0;
  UnderWay next_;  // what make() adds to the record
  Backoff append_backoff_;
  std::mt19937_64 random_;
  std::deque<std::pair<std::uint64_t, Command>> commands_;
  std::uint64_t next_ticket_ = 1;
  std::vector<CommandAnswer> answers_;
  std::optional<Instant> alive_written_;
  std::optional<Instant> wanted_since_;
  std::optional<Instant> wanted_written_;
  std::int64_t snapshot_ms_ = -1;
  Instant snapshot_seen_{};
  std::int64_t wanted_ms_ = -1;
  Instant wanted_seen_{};
  Milliseconds snapshot_patience_{0};
  Statistics statistics_;
};

}  // namespace hubferry::control

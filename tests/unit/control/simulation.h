#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "control/fold.h"
#include "control/member.h"

namespace hubferry::control {

// Instances with real Members on a simulated control log, handler and people. Appends are delayed, lost, stored twice,
// or stored though they are told to have failed; instances crash, stand still and come back; the broker's time steps
// back; the log loses its beginning or is created anew. Checked all the time:
// - whoever has read the log to its end is in the same state as the reference, which read it from the first record on
// - the breaker opens only after enough final failures, or an unavailable handler, seen by the quorum
// - people are told once of each opening, unless the one who told them crashed or stood still meanwhile
// - a link resumes only the opening it was given out for, once, before it expires
// - only one instance tries the handler, unless the one before it was silent for the lease
// - many failures open it soon, and few of the events that failed die before
// In the end the handler works, people follow the links, and the breaker is closed everywhere.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);

  // False when a rule was broken; see failure().
  bool run();
  const std::string& failure() const { return failure_; }
  std::uint64_t openings() const { return openings_; }
  std::uint64_t resumes() const { return resumes_; }
  std::uint64_t crashes() const { return crashes_; }

 private:
  struct Entry {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::string text;
  };
  struct Append {
    Instant arrives{};
    std::string text;
    bool stored = true;
    bool told_failed = false;
  };
  struct Instance {
    std::string name;
    std::unique_ptr<Member> member;
    std::uint64_t incarnation = 0;
    std::int64_t position = 0;  // in the log
    std::uint64_t lineage = 0;  // of the log it reads
    bool up = false;
    Instant back_at{};       // from a crash
    Instant stands_until{};  // and still
    std::deque<Append> appends;
    // The route:
    bool handler_works = true;
    std::optional<Instant> unavailable_since;
    std::uint64_t finals = 0;
    std::uint64_t dead = 0;  // of them, in the dead-letter topic
    std::uint64_t probe_generation = 0;
    std::uint64_t probe_done = 0;
    bool probe_failed = false;
    std::vector<std::uint64_t> tickets;
    // Telling people:
    std::optional<Notice> telling;
    Instant told_at{};
  };
  struct Link {
    std::string hash;
    std::uint64_t generation = 0;
    std::uint64_t lineage = 0;
    Instant expires{};
    bool used = false;
  };

  void step();
  void start(Instance& instance);
  void crash(Instance& instance);
  void disturb(Instance& instance);
  void read(Instance& instance);
  void append(Instance& instance);
  void work(Instance& instance);
  void bury(Instance& instance, std::uint64_t number);
  void check_opens();
  void tell(Instance& instance);
  void people();
  void arrive(Instance& instance);
  void store(const std::string& text);
  void judge(const Record& record, const Applied& applied, const Breaker& before);
  void cut_log();
  void recreate_log();
  void broken(const std::string& why);
  std::uint64_t dice(std::uint64_t sides) { return random_() % sides; }
  // Nothing but late and lost appends for a while.
  bool is_calm() const { return disturbed_ + Fold::kLease + std::chrono::seconds(60) < now_; }
  bool quiet() const { return now_ >= calm_from_; }
  std::int64_t broker_time();

  std::uint64_t seed_;
  std::mt19937_64 random_;
  Instant start_ = Instant() + std::chrono::hours(1'000);
  Instant now_ = start_;
  Instant calm_from_{};  // no more disturbances, the handler works
  Instant end_{};
  config::BreakerRules rules_;
  bool one_bad_ = false;  // only the first instance's handler breaks
  bool handler_up_ = true;
  bool handler_refuses_ = false;
  std::vector<Instance> instances_;
  std::vector<Entry> log_;
  std::int64_t next_offset_ = 0;
  std::uint64_t lineage_ = 1;
  bool was_open_ = false;  // when the log was created anew, and somebody knew
  Fold reference_;
  std::deque<Instant> true_failures_;                     // since it was not closed
  std::deque<std::pair<Instant, std::uint64_t>> deaths_;  // within the window
  std::vector<Link> links_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Instant> told_;  // (lineage, generation) -> last time
  Instant disturbed_{};  // the end of the last crash or standstill, or the last new log
  std::uint64_t tokens_ = 0;
  std::uint64_t openings_ = 0;
  std::uint64_t resumes_ = 0;
  std::uint64_t crashes_ = 0;
  std::string failure_;
};

}  // namespace hubferry::control

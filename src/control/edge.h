#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/breaker_report.h"
#include "control/control.h"
#include "control/member.h"
#include "control/notifier.h"
#include "kafka/shared_log.h"

namespace hubferry::control {

// The thread of the breakers: owns the log's client, the members and the notifier, and carries inputs in and actions
// out.
class Control::Edge final : private kafka::SharedLog::Listener {
 public:
  Edge(Options options, const std::vector<Route>& routes, observe::Metrics& metrics, observe::Health& health);
  ~Edge() override;

  Status open();
  void run();
  void request_stop();

  std::vector<BreakerView> views() const;
  std::optional<std::string> link_trouble(const std::string& route, const std::string& token) const;
  void command(Command::Kind kind, const std::string& route, const std::string& by, const std::string& text,
               Answer answer);

 private:
  // A log of this instance's own, in memory.
  struct OwnLog {
    std::int64_t next_offset = 0;
    std::int64_t begun_ms = 0;  // wall clock, Unix epoch
    Instant begun{};

    std::int64_t time_ms(Instant now) const {
      return begun_ms + std::chrono::duration_cast<Milliseconds>(now - begun).count();
    }
  };
  struct Breakers {
    Breakers(const Route& of, observe::Metrics& metrics, observe::Health& health)
        : route(of), name(of.name + "@" + of.group), report(of.name, metrics, health) {}

    Route route;
    std::string name;         // in the log
    bool own_counts = false;  // this instance's own breaker opened when it had a say: until somebody resumes it
    Instant own_since{};
    BreakerReport report;
  };
  struct Pending {
    Command command;
    std::string route;
    Answer answer;
    Instant deadline{};
    bool shared = true;
    std::uint64_t ticket = 0;
  };
  struct Told {
    std::string breaker;
    std::uint64_t generation = 0;
    bool shared = true;
    Status status;
  };

  // The loop.
  void step(Instant now);
  void wait();
  void take_tallies(Instant now);
  void run_own_log(Instant now);
  void append(Instant now);
  void tell_people(Instant now);
  void take_told(Instant now);
  void take_commands(Instant now);
  void answer_commands(Instant now);
  void judge_own(Breakers& each, Instant now);
  void set_permits(Instant now);
  void publish();
  void show(Instant now);

  Permit permit_of(const Breakers& each, Instant now) const;
  // Whether this instance's own breaker has a say.
  bool own_has_say(const Breakers& each, Instant now) const;
  bool log_is_well(Instant now) const;
  bool may_act_alone(Instant now) const;
  const Breaker* shared_state(const Breakers& each) const;
  const Breaker& own_state(const Breakers& each) const;
  Member& member_of(bool shared) { return shared ? *shared_ : *own_; }
  Breakers* find(const std::string& route);
  NoticeContext context_of(const Breakers& each, bool shared) const;
  void wake();

  // The log.
  void on_begin(std::int64_t oldest, bool anew) override;
  void on_record(std::int64_t offset, std::int64_t timestamp_ms, std::string_view value) override;
  void on_end(std::int64_t offset) override;
  void on_appended(std::uint64_t ticket, std::int64_t offset) override;
  void on_append_failed(std::uint64_t ticket, const Error& error) override;
  void on_trouble(const Error& error) override;
  void on_well() override;

  Options options_;
  observe::Health& health_;
  ControlReport report_;
  std::vector<std::unique_ptr<Breakers>> breakers_;

  // Owned by the thread.
  std::unique_ptr<kafka::SharedLog> log_;  // nullptr: no control topic; lives on for wake() when the thread has ended
  std::optional<Member> shared_;
  std::optional<Member> own_;
  OwnLog own_log_;
  std::unique_ptr<Notifier> notifier_;  // nullptr: nobody is to be told
  bool telling_ = false;
  std::optional<Error> trouble_;
  Instant trouble_since_{};
  std::optional<std::string> halted_;     // why this instance must not act: it does not understand the log
  std::optional<Instant> unknown_since_;  // the shared state
  std::uint64_t last_ticket_ = 0;
  std::vector<Pending> pending_;
  Instant show_at_{};

  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable waiting_;
  bool stop_ = false;
  bool woken_ = false;
  std::vector<Pending> commands_;
  std::vector<Told> told_;
  std::vector<BreakerView> views_;
  std::map<std::string, std::pair<std::optional<Breaker>, Breaker>> states_;  // by route: shared, own
  std::int64_t shared_now_ms_ = 0;
  std::int64_t own_now_ms_ = 0;
};

}  // namespace hubferry::control

#pragma once
#include <poll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/backoff.h"
#include "base/clock.h"
#include "deliver/child_process.h"
#include "deliver/command_answer.h"
#include "deliver/handler.h"
#include "event/json_event.h"

namespace hubferry::deliver {

struct CommandSettings {
  std::string name;  // in the log: route and program
  ChildProcess::Options process;
  Milliseconds timeout{30'000};
  Milliseconds restart_initial{1'000};
  Milliseconds restart_max{30'000};
};

struct CommandWork {
  std::uint64_t id = 0;  // in its line; rises
  Delivery delivery;
};

// One long-lived process of a command handler and what it has to answer. It is started again after it ended, with
// backoff, which begins anew once the process has answered an event.
//
// Whatever way a process ends, its unanswered events are sorted by what it has read of its input: the oldest that it
// has read is taken for the culprit (kFailed), unless the daemon stops; the others that it has read are kUnavailable;
// those that it has never seen are given back. So a program that fails before it reads blames nothing. All this happens
// after the process is gone, so no event is with two processes at once.
//
// One thread: the same for all calls, and it must outlive the process.
class CommandChild {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void answer(CommandWork work, Outcome outcome) = 0;
    virtual void give_back(CommandWork work) = 0;        // not seen by the process
    virtual void error_line(std::string_view line) = 0;  // of its standard error, without the line feed
  };
  CommandChild(const CommandSettings& settings, Owner& owner, std::uint64_t seed)
      : settings_(settings), owner_(owner), backoff_(settings.restart_initial, settings.restart_max, seed) {}

  // Whether it takes events.
  bool live() const { return state_ == State::kRunning; }
  bool gone() const { return state_ == State::kDown; }
  std::size_t open() const { return queued_.size() + sent_.size() - answered_; }
  // Of one that is not live: why, and when it is started again at the earliest.
  const std::string& trouble() const { return trouble_; }
  Instant start_at() const { return start_at_; }

  // Only to one that is live. Events are sent in this order.
  void give(CommandWork work) { queued_.push_back(std::move(work)); }

  // Starts, kills and reaps as the time has come. Returns when to call again at the latest.
  Instant step(Instant now);
  // Writes what the process takes.
  void send(Instant now);
  // Three entries for poll(), and what it said about them.
  void fill(std::span<pollfd> entries) const;
  void serve(std::span<const pollfd> entries, Instant now);

  // It gets no further events, the end of its input, and some seconds before it is killed; it is not started again.
  void stop(Instant now);
  void kill();

 private:
  enum class State { kDown, kRunning, kEnding };
  struct Sent {
    CommandWork work;
    std::uint64_t begin = 0;  // of its line, counted over all that is sent to this process
    bool answered = false;
  };

  void start(Instant now);
  void read_output(Instant now);
  void read_errors();
  bool take_line(std::string_view line, Instant now);
  Sent* find(const CommandAnswer& answer);
  void pop_answered(Instant now);
  void end_it(std::string why, Instant now);
  void begin_end(Instant terminate_at);
  void has_ended(Instant now);
  void settle(const std::string& why, std::uint64_t read);

  const CommandSettings& settings_;
  Owner& owner_;
  Backoff backoff_;
  CommandAnswerParser parser_;
  event::JsonEvents json_;

  State state_ = State::kDown;
  std::optional<ChildProcess> process_;
  std::string trouble_ = "is not started yet";
  Instant start_at_{};
  bool stopping_ = false;

  std::deque<CommandWork> queued_;
  std::deque<Sent> sent_;     // oldest first; the front is not answered
  std::size_t answered_ = 0;  // of sent_
  Instant oldest_since_{};    // when the front became the front
  std::string to_write_;
  std::uint64_t written_ = 0;  // all that this process was sent
  bool input_broken_ = false;
  std::string output_;  // an unfinished line
  std::string errors_;
  bool garbled_ = false;                  // its output makes no sense any more
  std::optional<std::uint64_t> hanging_;  // the event that it was killed for
  std::string why_;                       // it is being ended; empty: by itself
  Instant look_at_{};
  Instant terminate_at_ = Instant::max();
  Instant kill_at_ = Instant::max();
};

}  // namespace hubferry::deliver

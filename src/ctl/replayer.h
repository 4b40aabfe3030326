#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ctl/dead_letter_read.h"
#include "ctl/progress.h"
#include "ctl/replay_plan.h"
#include "ctl/session.h"
#include "ctl/signals.h"
#include "event/event.h"

namespace hubferry::ctl {

// Writes dead letters back to the topics of their events, and remembers which were acknowledged. One thread.
class Replayer {
 public:
  // All must outlive it; `topic`'s notes are kept up to date.
  Replayer(Desk& desk, Session& session, DeadLetterTopic& topic, const ReplayRules& rules, bool from_start);
  ~Replayer();
  Replayer(const Replayer&) = delete;
  Replayer& operator=(const Replayer&) = delete;

  // Until all is acknowledged, a signal came, or nothing moved for desk.timeout: OK if it went to the end. What was
  // acknowledged is saved in any case.
  Status run();
  const ReplayCounts& counts() const { return counts_; }
  // Acknowledged, but too scattered to be remembered: the next replay writes them again.
  std::uint64_t forgotten() const { return forgotten_; }

 private:
  class Target;
  struct Flight {
    event::Record record;
    std::string replays;  // header values point here
    std::vector<event::Header> headers;
    std::string topic;
    std::optional<DeadLetterInfo> info;
    std::uint64_t bytes = 0;
  };
  using Flights = std::unordered_map<std::uint64_t, std::unique_ptr<Flight>>;

  Status open_reader();
  void step(const HeldSignals& signals);
  bool has_room() const;
  std::size_t read();
  void take(event::Record record);
  void send(std::unique_ptr<Flight> flight);
  Target* target(const std::string& topic);
  std::size_t poll(Milliseconds timeout);
  void stop(Error error);
  Status check_unchanged();
  Status save();
  void save_or_stop();
  ReplayNote& note_of(const event::Record& record);

  // What targets report.
  void acknowledged(std::uint64_t ticket);
  void failed(std::uint64_t ticket, const Error& error);

  Desk& desk_;
  Session& session_;
  DeadLetterTopic& topic_;
  const ReplayRules& rules_;
  const bool from_start_;
  std::vector<kafka::TopicReader::Range> ranges_;
  std::vector<ReplayNote> known_;   // as it began: what earlier runs replayed
  std::vector<std::int64_t> next_;  // by partition: behind what was read
  ReplayCounts counts_;
  std::uint64_t forgotten_ = 0;
  std::uint64_t left_ = 0;  // offsets not read yet
  std::uint64_t next_ticket_ = 1;
  std::uint64_t bytes_ = 0;  // of flights_
  Instant moved_;            // when anything last went on
  Instant saved_;
  std::string trouble_;  // what the client said last
  Status going_;         // an error: why no more is read
  // Records end before the reader they came from, producers before the records that they send.
  std::unique_ptr<kafka::TopicReader> reader_;
  Flights flights_;
  std::map<std::string, std::unique_ptr<Target>> targets_;
};

}  // namespace hubferry::ctl

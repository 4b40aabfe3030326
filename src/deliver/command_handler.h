#pragma once
#include <poll.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "deliver/command_child.h"
#include "deliver/handler.h"

namespace hubferry::deliver {

// Delivers to long-lived processes of a program: each event is a line to the standard input of one (command_input()),
// each answer a line from its standard output (CommandAnswer); what it writes to standard error goes to the log, at
// most some lines a second. An answer without "id" is for the oldest event that the process has not answered. The
// route's timeout counts from when an event is the oldest of its process; then the process is killed.
//
// Events of one key go to one process, those of one partition with order = partition; events that are in no order go to
// the process with the fewest. When that process is down they go to the next that is not; when none is up, to nobody:
// kUnavailable.
//
// A process sees the daemon's environment without HUBFERRY_* and systemd's NOTIFY_SOCKET and WATCHDOG_*, which are the
// daemon's; with HUBFERRY_ROUTE and HUBFERRY_PROCESS (0, 1, ...). One thread ("command") for all of them.
class CommandHandler final : public Handler, private CommandChild::Owner {
 public:
  // For a route whose handler is command:/program argument..., split at white space. Fails if there is no such program.
  static Result<std::unique_ptr<CommandHandler>> create(const config::ConsumeRoute& route, Answers& answers);
  // The processes get the end of their input and some seconds to answer and exit, then SIGTERM, then SIGKILL.
  ~CommandHandler() override;
  void deliver(std::vector<Delivery> batch) override;

 private:
  CommandHandler(const config::ConsumeRoute& route, std::vector<std::string> arguments, Answers& answers,
                 UniqueFd wakeup);
  void run(const std::stop_token& stop);
  void run_out();
  Instant step(Instant now);
  void turn(Instant now, Instant until);
  void take_incoming();
  void route(CommandWork work, Instant now);
  CommandChild* choose(const event::Record& record);
  void ring();

  void answer(CommandWork work, Outcome outcome) override;
  void give_back(CommandWork work) override { to_route_.push_back(std::move(work)); }
  void error_line(std::string_view line) override;

  const config::ConsumeRoute route_;
  Answers& answers_;
  const UniqueFd wakeup_;
  std::vector<CommandSettings> settings_;  // one for each child
  std::vector<std::unique_ptr<CommandChild>> children_;
  std::vector<pollfd> polled_;
  std::vector<CommandWork> to_route_;
  std::uint64_t next_id_ = 1;
  bool stopping_ = false;
  Instant log_window_{};
  std::uint32_t log_lines_ = 0;  // in this window

  std::mutex mutex_;
  std::vector<Delivery> incoming_;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace hubferry::deliver

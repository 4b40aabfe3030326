#include "deliver/command_child.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "deliver/event_line.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kMostAnswerBytes = 64U << 10U;
constexpr std::size_t kMostErrorLineBytes = 2U << 10U;
// Lines are made as the process reads them; a pipe holds 64 KiB by itself.
constexpr std::size_t kSendAhead = 64U << 10U;
// After the end of its output or input: to exit by itself.
constexpr Milliseconds kExitPatience{1'000};
// An end is noticed by the end of its output; but a process of its own may keep that open.
constexpr Milliseconds kLookAgain{500};
constexpr Milliseconds kLookWhileEnding{10};
// From SIGTERM to SIGKILL.
constexpr Milliseconds kTermPatience{2'000};
// From the end of its input to SIGTERM, while the daemon stops.
constexpr Milliseconds kStopPatience{5'000};

// What is there to read, up to a limit; false: the other end is closed.
bool read_some(int fd, std::string& to) {
  std::array<char, 16'384> buffer{};
  for (int round = 0; round < 16; ++round) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n > 0) {
      to.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
  return true;
}

}  // namespace

Instant CommandChild::step(Instant now) {
  if (state_ == State::kDown) {
    if (stopping_) return Instant::max();
    if (now >= start_at_) start(now);
    if (state_ == State::kDown) return start_at_;
  }
  if (now >= look_at_ || state_ == State::kEnding) {
    look_at_ = now + kLookAgain;
    if (process_->has_ended()) {
      has_ended(now);
      return now;
    }
  }
  if (state_ == State::kRunning && !sent_.empty() && now >= oldest_since_ + settings_.timeout) {
    hanging_ = sent_.front().work.id;
    end_it("did not answer within " + std::to_string(settings_.timeout.count()) + " ms", now);
  }
  if (now >= terminate_at_) {
    terminate_at_ = Instant::max();
    kill_at_ = now + kTermPatience;
    process_->signal(SIGTERM);
  }
  if (now >= kill_at_) {
    kill_at_ = Instant::max();
    process_->signal(SIGKILL);
  }
  if (state_ == State::kEnding) return now + kLookWhileEnding;
  return sent_.empty() ? look_at_ : std::min(look_at_, oldest_since_ + settings_.timeout);
}

void CommandChild::start(Instant now) {
  auto started = ChildProcess::start(settings_.process);
  if (!started) {
    if (trouble_ != started.error().message) spdlog::warn("{}: {}", settings_.name, started.error().message);
    trouble_ = started.error().message;
    start_at_ = now + backoff_.next();
    return;
  }
  process_.emplace(std::move(*started));
  spdlog::info("{}: started as process {}", settings_.name, process_->id());
  state_ = State::kRunning;
  written_ = 0;
  to_write_.clear();
  output_.clear();
  errors_.clear();
  why_.clear();
  input_broken_ = false;
  garbled_ = false;
  hanging_.reset();
  terminate_at_ = Instant::max();
  kill_at_ = Instant::max();
}

void CommandChild::send(Instant now) {
  if (!process_ || (state_ != State::kRunning && !stopping_)) return;
  while (!input_broken_ && process_->input() >= 0) {
    while (state_ == State::kRunning && !queued_.empty() && to_write_.size() < kSendAhead) {
      if (sent_.empty()) oldest_since_ = now;
      const std::uint64_t begin = written_ + to_write_.size();
      to_write_ += command_input(queued_.front().id, queued_.front().delivery, json_);
      sent_.push_back({std::move(queued_.front()), begin, false});
      queued_.pop_front();
    }
    if (to_write_.empty()) break;
    const ssize_t n = ::write(process_->input(), to_write_.data(), to_write_.size());
    if (n >= 0) {
      written_ += static_cast<std::uint64_t>(n);
      to_write_.erase(0, static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      input_broken_ = true;
      if (state_ == State::kRunning) begin_end(now + kExitPatience);
    }
  }
  if (stopping_ && to_write_.empty()) process_->close_input();
}

void CommandChild::fill(std::span<pollfd> entries) const {
  for (pollfd& entry : entries) entry = {-1, POLLIN, 0};
  if (!process_) return;
  const bool wants_to_write = !to_write_.empty() && !input_broken_;
  entries[0] = {wants_to_write ? process_->input() : -1, POLLOUT, 0};
  entries[1].fd = garbled_ ? -1 : process_->output();
  entries[2].fd = process_->errors();
}

void CommandChild::serve(std::span<const pollfd> entries, Instant now) {
  if (!process_) return;
  if (entries[1].revents != 0) read_output(now);
  if (entries[2].revents != 0) read_errors();
}

void CommandChild::read_output(Instant now) {
  if (garbled_ || process_->output() < 0) return;
  const bool open = read_some(process_->output(), output_);
  std::string_view rest = output_;
  for (auto at = rest.find('\n'); at != std::string_view::npos && !garbled_; at = rest.find('\n')) {
    garbled_ = !take_line(rest.substr(0, at), now);
    rest.remove_prefix(at + 1);
  }
  if (!garbled_ && rest.size() > kMostAnswerBytes) {
    garbled_ = true;
    end_it("wrote an answer of more than " + std::to_string(kMostAnswerBytes) + " bytes", now);
  }
  output_.erase(0, output_.size() - rest.size());
  if (open) return;
  process_->close_output();
  if (state_ == State::kRunning) begin_end(now + kExitPatience);
}

// False: the line makes no sense, so neither would what follows.
bool CommandChild::take_line(std::string_view line, Instant now) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto answer = parser_.parse(line);
  if (!answer) {
    end_it("wrote a line to its standard output that is no answer: " + answer.error().message, now);
    return false;
  }
  Sent* const sent = find(*answer);
  if (sent == nullptr) {
    end_it("answered an event that it has not got or has answered before", now);
    return false;
  }
  sent->answered = true;
  ++answered_;
  backoff_.reset();
  owner_.answer(std::move(sent->work), std::move(answer->outcome));
  pop_answered(now);
  return true;
}

CommandChild::Sent* CommandChild::find(const CommandAnswer& answer) {
  auto found = sent_.begin();
  if (answer.id) {
    found = std::lower_bound(sent_.begin(), sent_.end(), *answer.id,
                             [](const Sent& sent, std::uint64_t id) { return sent.work.id < id; });
    if (found != sent_.end() && (found->work.id != *answer.id || found->answered)) found = sent_.end();
  }
  // Nobody can have answered what was not written.
  return found == sent_.end() || found->begin >= written_ ? nullptr : &*found;
}

void CommandChild::pop_answered(Instant now) {
  while (!sent_.empty() && sent_.front().answered) {
    sent_.pop_front();
    --answered_;
    oldest_since_ = now;
  }
}

void CommandChild::read_errors() {
  const bool open = read_some(process_->errors(), errors_);
  std::string_view rest = errors_;
  while (!rest.empty()) {
    const std::size_t at = rest.find('\n');
    if (at == std::string_view::npos && open && rest.size() < kMostErrorLineBytes) break;
    const std::size_t size = std::min({at, kMostErrorLineBytes, rest.size()});
    owner_.error_line(rest.substr(0, size));
    rest.remove_prefix(size == at ? size + 1 : size);
  }
  errors_.erase(0, errors_.size() - rest.size());
  if (!open) process_->close_errors();
}

void CommandChild::end_it(std::string why, Instant now) {
  if (state_ == State::kRunning || why_.empty()) why_ = std::move(why);
  begin_end(std::min(terminate_at_, now));
}

void CommandChild::begin_end(Instant terminate_at) {
  state_ = State::kEnding;
  terminate_at_ = terminate_at;
  trouble_ = "its process is coming to its end";
}

void CommandChild::stop(Instant now) {
  stopping_ = true;
  for (CommandWork& work : std::exchange(queued_, {})) owner_.give_back(std::move(work));
  if (!process_) return;
  // The line that it has begun to read is finished; those behind it are not sent.
  while (!sent_.empty() && sent_.back().begin >= written_) {
    to_write_.resize(static_cast<std::size_t>(sent_.back().begin - written_));
    owner_.give_back(std::move(sent_.back().work));
    sent_.pop_back();
  }
  if (state_ == State::kRunning) begin_end(now + kStopPatience);
  send(now);
}

void CommandChild::kill() {
  if (process_) process_->signal(SIGKILL);
}

void CommandChild::has_ended(Instant now) {
  const std::uint64_t unread = process_->unread();
  read_output(now);  // what it wrote before its end
  if (process_->errors() >= 0) read_errors();
  const std::string how = process_->end();
  process_.reset();
  const std::string why = (why_.empty() ? how : why_ + " and " + how);
  if (!stopping_) spdlog::warn("{}: the process {}", settings_.name, why);
  state_ = State::kDown;
  start_at_ = now + backoff_.next();
  trouble_ = "its last process " + why;
  settle(why, written_ - std::min(unread, written_));
}

void CommandChild::settle(const std::string& why, std::uint64_t read) {
  bool culprit_known = stopping_;
  for (Sent& sent : std::exchange(sent_, {})) {
    if (sent.answered) continue;
    if (sent.begin >= read) {
      owner_.give_back(std::move(sent.work));
      continue;
    }
    const bool culprit = !culprit_known && (!hanging_ || *hanging_ == sent.work.id);
    culprit_known = true;
    owner_.answer(std::move(sent.work),
                  {culprit ? Verdict::kFailed : Verdict::kUnavailable, "the command's process " + why, {}});
  }
  answered_ = 0;
  for (CommandWork& work : std::exchange(queued_, {})) owner_.give_back(std::move(work));
}

}  // namespace hubferry::deliver

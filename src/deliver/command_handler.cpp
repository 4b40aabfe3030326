#include "deliver/command_handler.h"

#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "base/thread.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kDescriptors = 3;  // of one child
constexpr std::uint32_t kLogLinesPerWindow = 20;
constexpr Milliseconds kLogWindow{1'000};
// A process that is still being ended starts again soon.
constexpr Milliseconds kLeastRetryAfter{200};
// For the ends of all processes; each has its own earlier deadlines for SIGTERM and SIGKILL.
constexpr Milliseconds kStopDeadline{9'000};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> list;
  for (std::size_t at = 0;;) {
    at = text.find_first_not_of(" \t", at);
    if (at == std::string_view::npos) return list;
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    list.emplace_back(text.substr(at, end - at));
    at = end;
  }
}

std::vector<std::string> environment(const std::string& route, std::size_t process) {
  std::vector<std::string> list;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("HUBFERRY_") || text.starts_with("NOTIFY_SOCKET=") || text.starts_with("WATCHDOG_")) continue;
    list.emplace_back(text);
  }
  list.push_back("HUBFERRY_ROUTE=" + route);
  list.push_back("HUBFERRY_PROCESS=" + std::to_string(process));
  return list;
}

}  // namespace

Result<std::unique_ptr<CommandHandler>> CommandHandler::create(const config::ConsumeRoute& route, Answers& answers) {
  constexpr std::string_view kScheme = "command:";
  std::vector<std::string> arguments = words(std::string_view(route.handler.target).substr(kScheme.size()));
  if (arguments.empty()) return fail(ErrorCode::kInvalid, "the handler " + route.handler.target + " names no program");
  if (::access(arguments.front().c_str(), X_OK) != 0) {
    return fail(ErrorCode::kInvalid, "cannot execute the handler's program " + arguments.front() + ": " +
                                         std::strerror(errno) + "; check its path and its permissions");
  }
  UniqueFd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup) return fail(ErrorCode::kIo, std::string("cannot create an eventfd: ") + std::strerror(errno));
  return std::unique_ptr<CommandHandler>(new CommandHandler(route, std::move(arguments), answers, std::move(wakeup)));
}

CommandHandler::CommandHandler(const config::ConsumeRoute& route, std::vector<std::string> arguments, Answers& answers,
                               UniqueFd wakeup)
    : route_(route), answers_(answers), wakeup_(std::move(wakeup)) {
  const std::size_t processes = std::max<std::uint32_t>(route.handler.processes, 1);
  const std::string name = "route " + route.name + ", command " + arguments.front();
  for (std::size_t i = 0; i < processes; ++i) {
    settings_.push_back({name, {arguments, environment(route.name, i)}, route.handler.timeout});
  }
  CommandChild::Owner& owner = *this;
  for (const CommandSettings& settings : settings_) {
    children_.push_back(std::make_unique<CommandChild>(settings, owner, random_id()));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

CommandHandler::~CommandHandler() {
  thread_.request_stop();
  ring();
  if (thread_.joinable()) thread_.join();
}

void CommandHandler::deliver(std::vector<Delivery> batch) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = incoming_.empty();
    std::move(batch.begin(), batch.end(), std::back_inserter(incoming_));
  }
  if (was_empty) ring();
}

void CommandHandler::ring() {
  constexpr std::uint64_t kOne = 1;
  while (::write(wakeup_.get(), &kOne, sizeof kOne) < 0 && errno == EINTR) {
  }
}

void CommandHandler::run(const std::stop_token& stop) {
  name_thread("command");
  while (!stop.stop_requested()) {
    const Instant now = SteadyClock::now();
    const Instant until = step(now);
    take_incoming();
    for (CommandWork& work : std::exchange(to_route_, {})) route(std::move(work), now);
    turn(now, until);
  }
  run_out();
}

// The processes end; what they still answer counts.
void CommandHandler::run_out() {
  const Instant deadline = SteadyClock::now() + kStopDeadline;
  stopping_ = true;
  for (auto& child : children_) child->stop(SteadyClock::now());
  const auto all_gone = [this] {
    return std::all_of(children_.begin(), children_.end(), [](const auto& child) { return child->gone(); });
  };
  while (!all_gone()) {
    const Instant now = SteadyClock::now();
    if (now >= deadline) {
      for (auto& child : children_) child->kill();
    }
    turn(now, step(now));
  }
  take_incoming();
  for (CommandWork& work : std::exchange(to_route_, {})) {
    answer(std::move(work), {Verdict::kUnavailable, "the daemon is stopping", {}});
  }
}

Instant CommandHandler::step(Instant now) {
  Instant until = Instant::max();
  for (auto& child : children_) until = std::min(until, child->step(now));
  return until;
}

// Writes, waits for something to happen until `until`, and reads.
void CommandHandler::turn(Instant now, Instant until) {
  polled_.resize(1 + kDescriptors * children_.size());
  polled_[0] = {wakeup_.get(), POLLIN, 0};
  for (std::size_t i = 0; i < children_.size(); ++i) {
    children_[i]->send(now);
    children_[i]->fill(std::span(polled_).subspan(1 + kDescriptors * i, kDescriptors));
  }
  const auto wait = std::chrono::ceil<Milliseconds>(std::clamp<Instant::duration>(
      until - now, Instant::duration(0), std::chrono::duration_cast<Instant::duration>(std::chrono::seconds(1))));
  const bool again = !to_route_.empty();
  if (::poll(polled_.data(), polled_.size(), again ? 0 : static_cast<int>(wait.count())) <= 0) return;
  if (polled_[0].revents != 0) {
    std::uint64_t rung = 0;
    while (::read(wakeup_.get(), &rung, sizeof rung) < 0 && errno == EINTR) {
    }
  }
  const Instant then = SteadyClock::now();
  for (std::size_t i = 0; i < children_.size(); ++i) {
    children_[i]->serve(std::span(polled_).subspan(1 + kDescriptors * i, kDescriptors), then);
  }
}

void CommandHandler::take_incoming() {
  std::vector<Delivery> incoming;
  {
    const std::lock_guard lock(mutex_);
    incoming.swap(incoming_);
  }
  for (Delivery& delivery : incoming) to_route_.push_back({next_id_++, std::move(delivery)});
}

void CommandHandler::route(CommandWork work, Instant now) {
  if (CommandChild* const child = choose(*work.delivery.record)) {
    work.id = next_id_++;  // rises in each process, for one that was given back, too
    return child->give(std::move(work));
  }
  const auto next = std::min_element(children_.begin(), children_.end(), [](const auto& one, const auto& other) {
    return one->start_at() < other->start_at();
  });
  Outcome outcome{Verdict::kUnavailable, "no process of the command is up: " + (*next)->trouble(), {}};
  outcome.retry_after = std::max(std::chrono::ceil<Milliseconds>((*next)->start_at() - now), kLeastRetryAfter);
  answer(std::move(work), std::move(outcome));
}

// Null: none is up.
CommandChild* CommandHandler::choose(const event::Record& record) {
  const bool by_partition = route_.order == config::Order::kPartition;
  const bool by_key = route_.order == config::Order::kKey && record.key;
  if (by_partition || by_key) {
    const std::size_t first =
        by_partition ? static_cast<std::size_t>(record.partition) : std::hash<std::string_view>()(*record.key);
    for (std::size_t i = 0; i < children_.size(); ++i) {
      CommandChild& child = *children_[(first + i) % children_.size()];
      if (child.live()) return &child;
    }
    return nullptr;
  }
  CommandChild* fewest = nullptr;
  for (auto& child : children_) {
    if (child->live() && (fewest == nullptr || child->open() < fewest->open())) fewest = child.get();
  }
  return fewest;
}

void CommandHandler::answer(CommandWork work, Outcome outcome) {
  work.delivery.record.reset();
  answers_.answered(work.delivery.id, std::move(outcome));
}

void CommandHandler::error_line(std::string_view line) {
  const Instant now = SteadyClock::now();
  if (now - log_window_ >= kLogWindow) {
    if (log_lines_ > kLogLinesPerWindow) {
      spdlog::info("{}: {} more lines are left out", settings_.front().name, log_lines_ - kLogLinesPerWindow);
    }
    log_window_ = now;
    log_lines_ = 0;
  }
  if (++log_lines_ <= kLogLinesPerWindow) spdlog::info("{}: {}", settings_.front().name, line);
}

}  // namespace hubferry::deliver

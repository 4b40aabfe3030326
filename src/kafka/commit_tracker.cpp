#include "kafka/commit_tracker.h"

namespace hubferry::kafka {

std::uint64_t CommitTracker::begin(std::uint64_t token, Instant now) {
  waiting_.emplace(++last_, Commit{token, now + deadline_});
  return last_;
}

std::optional<std::uint64_t> CommitTracker::finish(std::uint64_t number) {
  const auto commit = waiting_.extract(number);
  if (commit.empty()) return std::nullopt;
  return commit.mapped().token;
}

std::vector<std::uint64_t> CommitTracker::expire(Instant now) {
  std::vector<std::uint64_t> tokens;
  while (!waiting_.empty() && waiting_.begin()->second.deadline <= now) {
    tokens.push_back(waiting_.begin()->second.token);
    waiting_.erase(waiting_.begin());
  }
  return tokens;
}

std::optional<Instant> CommitTracker::next_deadline() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->second.deadline;
}

}  // namespace hubferry::kafka

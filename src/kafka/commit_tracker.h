#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace hubferry::kafka {

// The commits that wait for an answer. Each gets a number of its own, so that an answer which comes after its deadline
// is recognised and dropped even when the caller uses its token again. Not thread-safe, reads no clock.
class CommitTracker {
 public:
  explicit CommitTracker(Milliseconds deadline) : deadline_(deadline) {}

  // Returns the commit's number.
  std::uint64_t begin(std::uint64_t token, Instant now);

  // The token of commit `number`, once; nothing when it was answered or expired before.
  std::optional<std::uint64_t> finish(std::uint64_t number);

  bool waits(std::uint64_t number) const { return waiting_.contains(number); }

  // The tokens whose deadline has passed, oldest first.
  std::vector<std::uint64_t> expire(Instant now);

  // When the oldest commit expires.
  std::optional<Instant> next_deadline() const;

 private:
  struct Commit {
    std::uint64_t token;
    Instant deadline;
  };
  Milliseconds deadline_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Commit> waiting_;  // by number, so oldest first
};

}  // namespace hubferry::kafka

#include "consume/checkpoint.h"

#include <algorithm>

namespace hubferry::consume {

// Where it must be if no offset is missing, else by bisection.
std::deque<Checkpoint::Entry>::iterator Checkpoint::find(std::int64_t offset) {
  if (entries_.empty() || offset < entries_.front().offset) return entries_.end();
  const auto index = static_cast<std::size_t>(offset - entries_.front().offset);
  if (index < entries_.size() && entries_[index].offset == offset) {
    return entries_.begin() + static_cast<std::ptrdiff_t>(index);
  }
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), offset,
                                      [](const Entry& entry, std::int64_t wanted) { return entry.offset < wanted; });
  return found != entries_.end() && found->offset == offset ? found : entries_.end();
}

bool Checkpoint::finish(std::int64_t offset) {
  const auto found = find(offset);
  if (found == entries_.end() || found->finished) return false;
  found->finished = true;
  const auto next = std::next(found);
  const bool right = next != entries_.end() && next->finished;
  if (found != entries_.begin()) {
    const bool left = std::prev(found)->finished;
    runs_ = runs_ + 1 - (left ? 1U : 0U) - (right ? 1U : 0U);
    return false;
  }
  if (right) --runs_;
  while (!entries_.empty() && entries_.front().finished) {
    position_ = entries_.front().offset + 1;
    entries_.pop_front();
  }
  return true;
}

std::vector<CommitNote::Run> Checkpoint::finished_above() const {
  std::vector<CommitNote::Run> runs;
  bool open = false;
  for (const Entry& entry : entries_) {
    if (entry.finished && open) {
      runs.back().last = entry.offset;
    } else if (entry.finished) {
      runs.push_back({entry.offset, entry.offset});
    }
    open = entry.finished;
  }
  return runs;
}

}  // namespace hubferry::consume

#include "ctl/replay_note.h"

#include <algorithm>
#include <iterator>

#include "consume/commit_note.h"

namespace hubferry::ctl {
namespace {

std::uint64_t total(const std::vector<consume::CommitNote::Run>& runs) {
  std::uint64_t sum = 0;
  for (const auto& run : runs) sum += static_cast<std::uint64_t>(run.last - run.first + 1);
  return sum;
}

}  // namespace

ReplayNote ReplayNote::read(std::int64_t committed, std::string_view metadata) {
  ReplayNote note(std::max<std::int64_t>(0, committed));
  if (committed < 0) return note;
  const auto saved = consume::decode_note(metadata, committed);
  if (!saved) return note;
  for (const auto& run : saved->finished) note.settle(run.first, run.last + 1);
  return note;
}

void ReplayNote::settle(std::int64_t first, std::int64_t end) {
  if (end <= std::max(first, start_)) return;
  auto at = settled_.upper_bound(first);
  if (at != settled_.begin() && std::prev(at)->second >= first) --at;
  while (at != settled_.end() && at->first <= end) {
    first = std::min(first, at->first);
    end = std::max(end, at->second);
    at = settled_.erase(at);
  }
  if (first <= start_) {
    start_ = end;
  } else {
    settled_.emplace(first, end);
  }
}

bool ReplayNote::settled(std::int64_t offset) const {
  if (offset < start_) return true;
  const auto after = settled_.upper_bound(offset);
  return after != settled_.begin() && offset < std::prev(after)->second;
}

ReplayNote::Saved ReplayNote::save() const {
  consume::CommitNote note;
  for (const auto& [first, end] : settled_) note.finished.push_back({first, end - 1});
  Saved saved{consume::encode(note, start_), 0};
  const auto kept = consume::decode_note(saved.metadata, start_);
  saved.forgotten = total(note.finished) - (kept ? total(kept->finished) : 0);
  return saved;
}

}  // namespace hubferry::ctl

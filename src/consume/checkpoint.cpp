#include "consume/checkpoint.h"

#include <algorithm>

namespace hubferry::consume {

bool Checkpoint::finish(std::int64_t offset) {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), offset,
                                      [](const Entry& entry, std::int64_t wanted) { return entry.offset < wanted; });
  if (found == entries_.end() || found->offset != offset) return false;
  found->finished = true;
  bool moved = false;
  while (!entries_.empty() && entries_.front().finished) {
    position_ = entries_.front().offset + 1;
    entries_.pop_front();
    moved = true;
  }
  return moved;
}

}  // namespace hubferry::consume

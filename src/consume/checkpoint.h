#pragma once
#include <cstdint>
#include <deque>
#include <vector>

#include "consume/commit_note.h"

namespace hubferry::consume {

// Which offsets of one partition are finished, and the checkpoint that follows from it: the offset to read next after a
// restart, never past an unfinished event. Offsets come in rising order but need not be contiguous (compaction and
// transaction markers leave gaps). Pure; one thread.
class Checkpoint {
 public:
  // Reading begins at `position`: everything below is finished.
  explicit Checkpoint(std::int64_t position = 0) : position_(position) {}

  // An event was taken from the broker. Offsets rise.
  void begin(std::int64_t offset) { entries_.push_back({offset, false}); }

  // The event is done. Unknown or finished offsets are ignored. True when the position moved.
  bool finish(std::int64_t offset);

  // The offset that a commit may carry.
  std::int64_t position() const { return position_; }

  // What is finished above the position: stretches without an unfinished event in between, ascending.
  std::vector<CommitNote::Run> finished_above() const;
  std::size_t runs_above() const { return runs_; }

  // Events begun and not yet below the position.
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::int64_t offset;
    bool finished;
  };
  std::deque<Entry>::iterator find(std::int64_t offset);

  std::deque<Entry> entries_;  // the front is the oldest unfinished event
  std::size_t runs_ = 0;       // stretches of finished entries
  std::int64_t position_;
};

}  // namespace hubferry::consume

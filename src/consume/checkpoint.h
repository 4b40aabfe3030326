#pragma once
#include <cstdint>
#include <deque>

namespace hubferry::consume {

// Which offsets of one partition are finished, and the checkpoint that follows from it: the offset to read next after a
// restart, never past an unfinished event. Offsets come in rising order but need not be contiguous (compaction and
// transaction markers leave gaps). Pure; one thread.
class Checkpoint {
 public:
  // An event was taken from the broker. Offsets rise.
  void begin(std::int64_t offset) { entries_.push_back({offset, false}); }

  // The event is done. Unknown or finished offsets are ignored. True when the position moved.
  bool finish(std::int64_t offset);

  // The offset that a commit may carry; -1 as long as nothing finished.
  std::int64_t position() const { return position_; }

  // Events begun and not yet below the position.
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::int64_t offset;
    bool finished;
  };
  std::deque<Entry> entries_;  // the front is the oldest unfinished event
  std::int64_t position_ = -1;
};

}  // namespace hubferry::consume

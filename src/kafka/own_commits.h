#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

namespace hubferry::kafka {

// Knows which offset the broker can hold for a partition if nobody else commits for the group: the last one that it
// acknowledged, or one that was sent since. Not thread-safe.
class OwnCommits {
 public:
  void sent(std::int32_t partition, std::int64_t offset);
  void acknowledged(std::int32_t partition, std::int64_t offset);

  // Before the broker is asked. What it answers is then judged by is_own(), however many commits go on meanwhile.
  void mark();
  // True as well where nothing had been acknowledged at the mark.
  bool is_own(std::int32_t partition, std::int64_t committed) const;

 private:
  struct Partition {
    std::deque<std::int64_t> offsets;  // in the order sent, back to the one acknowledged at the last mark
    std::size_t acknowledged = 0;      // how many of `offsets`, in order
    bool marked = false;               // something had been acknowledged
  };
  std::map<std::int32_t, Partition> partitions_;
};

}  // namespace hubferry::kafka

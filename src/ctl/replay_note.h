#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace hubferry::ctl {

// Which records of one partition of a dead-letter topic need no replay any more: all below start(), and some above.
// It is kept as the checkpoint of the group "hubferry-replay.ROUTE", in the daemon's own form.
class ReplayNote {
 public:
  // Everything from `start` on is open.
  explicit ReplayNote(std::int64_t start = 0) : start_(start) {}
  // What was saved; metadata of another program counts as none.
  static ReplayNote read(std::int64_t committed, std::string_view metadata);

  // [first, end) needs no replay.
  void settle(std::int64_t first, std::int64_t end);
  bool settled(std::int64_t offset) const;
  std::int64_t start() const { return start_; }

  struct Saved {
    std::string metadata;
    std::uint64_t forgotten = 0;  // settled records above start() that did not fit
  };
  Saved save() const;

 private:
  std::int64_t start_;
  std::map<std::int64_t, std::int64_t> settled_;  // first -> end, above start_, apart
};

}  // namespace hubferry::ctl

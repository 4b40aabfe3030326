#pragma once
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <string>

#include "base/clock.h"

namespace hubferry::ctl {

// How far a work of `total` events is: a bar that is drawn over itself on a terminal, else a line every 5 seconds.
class Progress {
 public:
  Progress(std::ostream& out, bool terminal, std::uint64_t total, Instant now);

  void show(std::uint64_t left, Instant now);
  // Leaves the last state standing.
  void finish(std::uint64_t left, Instant now);

  // "[#####-----]  1200 of 2400 events left, 350/s"; without the bar for a line.
  std::string text(std::uint64_t left) const;

 private:
  struct Sample {
    Instant at;
    std::uint64_t left = 0;
  };

  void sample(std::uint64_t left, Instant now);
  void draw(std::uint64_t left);

  std::ostream& out_;
  const bool terminal_;
  const std::uint64_t total_;
  std::deque<Sample> samples_;  // of the last seconds, for the rate
  Instant due_;
};

}  // namespace hubferry::ctl

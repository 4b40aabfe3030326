#pragma once
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "event/event.h"

namespace hubferry::consume {

// Knows resends in one partition by the record header `hf`: the sequences of one source only rise in a partition, so
// one number per source says what was there before. Records without the header are never resends. Pure; one thread.
class SeenEvents {
 public:
  // Sources remembered; the one not met for longest goes first. Each start of a daemon is a new source.
  static constexpr std::size_t kMostSources = 1'024;

  // Whether the record repeats one that was passed in before. Call it for each record of the partition, in their order.
  bool repeats(const event::Record& record);

 private:
  struct Source {
    std::uint64_t sequence = 0;
    std::uint64_t met = 0;
  };
  void forget_oldest();

  std::unordered_map<std::uint64_t, Source> sources_;
  std::uint64_t records_ = 0;
};

}  // namespace hubferry::consume

#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"
#include "consume/partition_work.h"
#include "kafka/consumer.h"

namespace hubferry::consume {

// Where the reading of newly assigned partitions begins.
struct StartPlan {
  std::vector<Start> starts;                       // for the dispatcher
  std::vector<kafka::PartitionOffset> fetch_from;  // for the consumer: some records earlier, to know resends
  std::vector<std::string> notices;                // what the operator must know: gaps, foreign notes
  std::int64_t expired = 0;                        // events between a checkpoint and what retention has left
  bool complete = true;                            // false: the look-up did not cover all of them yet, ask again
};

// A partition with a checkpoint goes on there; if retention has overtaken it, at the oldest event that is left, if the
// topic ends before it (cut or created anew), at its oldest event. One without checkpoint begins as the route says if
// it existed when the group began, else at its first event. Pure. `positions`: index is the partition. `patient`: an
// end before the checkpoint may be that of a leader which does not know better yet; the plan is incomplete then.
StartPlan plan_starts(const config::ConsumeRoute& route, const std::vector<std::int32_t>& partitions,
                      const std::vector<kafka::PartitionPosition>& positions, bool patient);

}  // namespace hubferry::consume

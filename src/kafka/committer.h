#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/commit_tracker.h"
#include "kafka/consumer.h"
#include "kafka/handles.h"
#include "kafka/join_watch.h"
#include "kafka/own_commits.h"
#include "kafka/partition_queues.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// Commits with metadata, asynchronously and each with a deadline; only for partitions that are assigned when it is
// sent, and none while the member joins its group, see JoinWatch. Polling thread.
class Committer {
 public:
  // What is referred to must outlive this.
  Committer(rd_kafka_t* client, const Wakeup& bell, JoinWatch& joins, const PartitionQueues& assigned,
            std::string topic, std::string where);

  // What is committed from now on is noted in `own`, which must outlive this.
  void remember(OwnCommits& own) { own_ = &own; }

  void commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token);
  // Sends what was held back, and tells the answers.
  void serve(Consumer::Listener& listener);

  bool has_answers() const { return !answered_.empty(); }
  // When there is something to do without an event.
  std::optional<Instant> next_due() const;

 private:
  struct Held {
    std::uint64_t number = 0;  // the tracker's
    std::uint64_t token = 0;
    std::vector<PartitionOffset> offsets;
  };

  void send_held();
  // Else the commit is answered.
  bool may_commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token);
  void send(const Held& commit);
  Status answer(rd_kafka_event_t& event) const;
  void note_acknowledged(rd_kafka_event_t& event);

  rd_kafka_t* client_;
  JoinWatch& joins_;
  const PartitionQueues& assigned_;
  std::string topic_;
  std::string where_;
  OwnCommits* own_ = nullptr;
  QueuePtr queue_;
  CommitTracker commits_;
  std::deque<Held> held_;                                   // not yet sent
  std::vector<std::pair<std::uint64_t, Status>> answered_;  // with an answer that was not told yet
};

}  // namespace hubferry::kafka

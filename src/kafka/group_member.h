#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/client_log.h"
#include "kafka/commit_tracker.h"
#include "kafka/group_consumer.h"
#include "kafka/handles.h"
#include "kafka/join_watch.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// What one client needs to live, in the order in which it may die. Shared with the thread that ends it.
struct MemberClient {
  explicit MemberClient(std::string name) : log(std::move(name)) {}

  ClientLog log;
  Wakeup bell;
  JoinWatch joins{bell};
  std::unique_ptr<RdKafka::KafkaConsumer> consumer;
};

// The GroupConsumer on librdkafka. Rebalances come as events and are answered by complete_assign() and
// complete_revoke(). A partition's queue is taken out of the group's queue BEFORE it is assigned: librdkafka then never
// forwards it, so no record can slip into the group's queue.
class GroupMember final : public GroupConsumer {
 public:
  GroupMember(std::unique_ptr<MemberClient> client, const std::string& group, std::string topic);
  ~GroupMember() override;
  GroupMember(const GroupMember&) = delete;
  GroupMember& operator=(const GroupMember&) = delete;

  Status subscribe();

  void poll(Milliseconds timeout, Listener& listener) override;
  void wake() override { client_->bell.ring(); }
  std::size_t fetch(std::int32_t partition, std::size_t maximum, std::vector<event::Record>& records) override;
  Status complete_assign() override;
  Status complete_revoke() override;
  void commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) override;
  void close() override;
  bool closed() const override;

 private:
  struct Partition {
    QueuePtr queue;
    std::int64_t last_offset = -1;  // of the record that fetch() returned last
  };
  struct Rebalance {
    enum class Kind {
      kAssign,
      kRevoke,
      kRevokeAll,  // the rebalance failed
      kLeave,      // an assignment that came while leaving: told as a revocation, librdkafka takes its answer as one
      kGone,       // given up by librdkafka already: nothing to answer
    };
    Kind kind = Kind::kRevoke;
    EventPtr event;  // owns the list to answer with; none for kGone
    std::vector<std::int32_t> partitions;
  };

  struct HeldCommit {
    std::uint64_t number = 0;  // the tracker's
    std::uint64_t token = 0;
    std::vector<PartitionOffset> offsets;
  };

  // While leaving poll() sleeps no longer: librdkafka does not signal every step.
  static constexpr Milliseconds kLeavingPoll{50};

  bool has_work() const;
  Milliseconds longest_wait(Milliseconds timeout) const;
  void serve_group(Listener& listener);
  void serve_group_error(rd_kafka_event_t& event, Listener& listener);
  void start_rebalances(Listener& listener);
  Rebalance interpret(EventPtr event, Listener& listener);
  void send_commits();
  void send_commit(const HeldCommit& commit);
  void serve_commits(Listener& listener);
  void tell_errors(Listener& listener);

  void attach(std::int32_t partition);
  void detach(const std::vector<std::int32_t>& partitions);
  Status answer(const Rebalance& rebalance);
  void advance_close();
  bool first_assignment_under_way() const;
  bool was_expelled() const;
  void answer_all();

  std::vector<std::int32_t> assigned() const;
  Error note(rd_kafka_message_t& message) const;

  std::shared_ptr<MemberClient> client_;
  rd_kafka_t* handle_;
  std::string topic_;
  std::string where_;
  QueuePtr group_queue_;
  QueuePtr commit_queue_;
  std::map<std::int32_t, Partition> partitions_;
  std::deque<EventPtr> rebalances_;   // not yet told
  std::optional<Rebalance> current_;  // told, not yet completed
  CommitTracker commits_;
  std::deque<HeldCommit> held_;                             // not yet sent: a member that joins must not commit
  std::vector<std::pair<std::uint64_t, Status>> answered_;  // commits with an answer that was not told yet
  std::vector<Error> errors_;                               // met by fetch(), told by poll()
  bool more_to_fetch_ = false;                              // the last fetch() ended before its queue did
  bool ever_assigned_ = false;

  enum class Leaving { kNo, kAsked, kClosing, kAbandoned };  // kAbandoned: without librdkafka's consent
  Leaving leaving_ = Leaving::kNo;
  Instant leaving_since_;  // since when the member only waits for librdkafka to leave
};

}  // namespace hubferry::kafka

#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/consumer_base.h"

namespace hubferry::kafka {

// The Consumer that is a member of its group. Rebalances come as events and are answered by complete_assign() and
// complete_revoke().
class GroupMember final : public ConsumerBase {
 public:
  GroupMember(std::shared_ptr<ConsumerClient> client, std::string topic, std::string where)
      : ConsumerBase(std::move(client), std::move(topic), std::move(where)) {}
  ~GroupMember() override;
  GroupMember(const GroupMember&) = delete;
  GroupMember& operator=(const GroupMember&) = delete;

  Status subscribe();

  Status complete_assign(const std::vector<PartitionOffset>& starts) override;
  Status complete_revoke() override;
  void close() override;
  bool closed() const override;

 private:
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

  void advance(Listener& listener) override;
  bool must_advance() const override;
  Milliseconds longest_wait() const override;
  void take_rebalance(EventPtr event) override;

  void start_rebalances(Listener& listener);
  Rebalance interpret(EventPtr event, Listener& listener);
  Status answer(const Rebalance& rebalance);
  void advance_close();
  bool first_assignment_under_way() const;
  bool was_expelled() const;
  void answer_all();

  std::deque<EventPtr> rebalances_;   // not yet told
  std::optional<Rebalance> current_;  // told, not yet completed
  bool ever_assigned_ = false;

  enum class Leaving { kNo, kAsked, kClosing, kAbandoned };  // kAbandoned: without librdkafka's consent
  Leaving leaving_ = Leaving::kNo;
  Instant leaving_since_;  // since when the member only waits for librdkafka to leave
};

}  // namespace hubferry::kafka

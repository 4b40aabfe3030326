#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "kafka/group_member.h"

// How a member leaves its group and how its client ends, with the defects of librdkafka in these states.

namespace hubferry::kafka {
namespace {

// librdkafka 2.3.0, as rd_kafka_version() writes it.
constexpr int kVersion230 = 0x020300ff;
// librdkafka does not signal every step of leaving.
constexpr Milliseconds kStep{50};

}  // namespace

// Works in every state. What would make librdkafka hang (before 2.4): a rebalance without an answer, and ending while
// its farewell to the group is on its way.
GroupMember::~GroupMember() {
  const Instant start = SteadyClock::now();
  if (current_) rebalances_.push_front(std::move(current_->event));
  answer_all();
  const auto must_wait = [this] {
    return first_assignment_under_way() || (leaving_ == Leaving::kClosing && rd_kafka_consumer_closed(handle()) == 0);
  };
  while (must_wait() && SteadyClock::now() - start < kLeaveWait) {
    client().bell.wait(kStep);
    answer_all();
  }
  const bool endable = !first_assignment_under_way();
  std::shared_ptr<ConsumerClient> client = release();
  if (endable) {
    end_client(client, where());
    return;
  }
  abandon_client(std::move(client));
  spdlog::warn("kafka {}: the client is left behind, librdkafka {} cannot end it while it joins its group", where(),
               rd_kafka_version_str());
}

void GroupMember::answer_all() {
  while (EventPtr event = next_event()) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) rebalances_.push_back(std::move(event));
  }
  for (const EventPtr& event : std::exchange(rebalances_, {})) {
    if (!event) continue;
    const rd_kafka_topic_partition_list_t* list = rd_kafka_event_topic_partition_list(event.get());
    const bool assign = rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    ever_assigned_ = ever_assigned_ || assign;
    const ErrorPtr ignored(assign ? rd_kafka_incremental_assign(handle(), list)
                                  : rd_kafka_incremental_unassign(handle(), list));
  }
}

void GroupMember::close() {
  if (leaving_ != Leaving::kNo) return;
  leaving_ = Leaving::kAsked;
  leaving_since_ = SteadyClock::now();
  wake();
}

void GroupMember::advance_close() {
  const Instant now = SteadyClock::now();
  if (leaving_ == Leaving::kNo || leaving_ == Leaving::kAbandoned) return;
  if (current_ || !rebalances_.empty() || (leaving_ == Leaving::kClosing && !queues().empty())) {
    leaving_since_ = now;
    return;
  }
  const bool patient = now - leaving_since_ < kLeaveWait;
  if (leaving_ == Leaving::kClosing) {
    if (patient || rd_kafka_consumer_closed(handle()) != 0) return;
    spdlog::warn("kafka {}: the group does not answer, it notices later that this member left", where());
    leaving_ = Leaving::kAbandoned;
  } else if (first_assignment_under_way()) {
    if (!patient) leaving_ = Leaving::kAbandoned;
  } else {
    leaving_since_ = now;
    leaving_ = Leaving::kClosing;
    const ErrorPtr error(rd_kafka_consumer_close_queue(handle(), events()));
    if (!error) return;
    spdlog::warn("kafka {}: left without telling the group: {}", where(), rd_kafka_error_string(error.get()));
    leaving_ = Leaving::kAbandoned;
  }
}

// Between joining for the first time and the first assignment librdkafka before 2.3 must not end: it aborts the
// process.
bool GroupMember::first_assignment_under_way() const {
  return rd_kafka_version() < kVersion230 && !ever_assigned_ &&
         client().consumer->rebalance_protocol() == "COOPERATIVE";
}

// librdkafka gave the partitions up without a revocation, as it does after a fatal error.
bool GroupMember::was_expelled() const {
  if (queues().empty() || current_ || !rebalances_.empty()) return false;
  return leaving_ == Leaving::kAbandoned || (leaving_ == Leaving::kClosing && rd_kafka_consumer_closed(handle()) != 0);
}

bool GroupMember::closed() const {
  if (current_ || !rebalances_.empty() || !queues().empty()) return false;
  return leaving_ == Leaving::kAbandoned || (leaving_ == Leaving::kClosing && rd_kafka_consumer_closed(handle()) != 0);
}

}  // namespace hubferry::kafka

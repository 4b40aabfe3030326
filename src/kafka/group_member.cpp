#include "kafka/group_member.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "kafka/error_class.h"

namespace hubferry::kafka {
namespace {

// Each round of poll() counts for max.poll.interval.ms.
constexpr Milliseconds kLongestWait{1'000};
// While leaving librdkafka does not signal every step.
constexpr Milliseconds kLeavingPoll{50};

}  // namespace

Status GroupMember::subscribe() {
  const auto code = static_cast<rd_kafka_resp_err_t>(client().consumer->subscribe({topic()}));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return tl::make_unexpected(make_error(code, where()));
}

void GroupMember::advance(Listener& listener) {
  start_rebalances(listener);
  advance_close();
}

bool GroupMember::must_advance() const {
  return (!current_ && !rebalances_.empty()) || was_expelled();
}

Milliseconds GroupMember::longest_wait() const {
  return leaving_ == Leaving::kNo ? kLongestWait : kLeavingPoll;
}

void GroupMember::take_rebalance(EventPtr event) {
  ever_assigned_ = ever_assigned_ || rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  rebalances_.push_back(std::move(event));
}

void GroupMember::start_rebalances(Listener& listener) {
  while (!current_ && (!rebalances_.empty() || was_expelled())) {
    if (rebalances_.empty()) {
      current_ = Rebalance{Rebalance::Kind::kGone, nullptr, queues().partitions()};
    } else {
      EventPtr event = std::move(rebalances_.front());
      rebalances_.pop_front();
      current_ = interpret(std::move(event), listener);
    }
    // Nothing to decide for the owner. The copy is needed because the owner may complete inside the call.
    const std::vector<std::int32_t> partitions = current_->partitions;
    const Rebalance::Kind kind = current_->kind;
    if (partitions.empty()) {
      const Rebalance empty = *std::exchange(current_, std::nullopt);
      if (const Status status = answer(empty); !status) listener.on_error(status.error());
    } else if (kind == Rebalance::Kind::kAssign) {
      assign(partitions, listener);
    } else {
      const bool lost = kind == Rebalance::Kind::kGone || rd_kafka_assignment_lost(handle()) != 0;
      listener.on_revoke(partitions, lost);
    }
  }
}

GroupMember::Rebalance GroupMember::interpret(EventPtr event, Listener& listener) {
  Rebalance rebalance;
  const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
  const rd_kafka_topic_partition_list_t* list = rd_kafka_event_topic_partition_list(event.get());
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && leaving_ < Leaving::kClosing) {
    rebalance.kind = Rebalance::Kind::kAssign;
    for (int i = 0; i < list->cnt; ++i) rebalance.partitions.push_back(list->elems[i].partition);
  } else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    rebalance.kind = Rebalance::Kind::kRevoke;
    for (int i = 0; i < list->cnt; ++i) {
      if (queues().contains(list->elems[i].partition)) rebalance.partitions.push_back(list->elems[i].partition);
    }
  } else if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rebalance.kind = Rebalance::Kind::kLeave;
    rebalance.partitions = queues().partitions();
  } else {
    listener.on_error(make_error(code, fmt::format("rebalance of {}", where())));
    rebalance.kind = Rebalance::Kind::kRevokeAll;
    rebalance.partitions = queues().partitions();
  }
  rebalance.event = std::move(event);
  return rebalance;
}

Status GroupMember::complete_assign(const std::vector<PartitionOffset>& starts) {
  if (!current_ || current_->kind != Rebalance::Kind::kAssign) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: no assignment waits to be completed", where()));
  }
  Status status = start_reading(current_->partitions, starts);
  client().joins.completed();
  if (status || status.error().disposition == Disposition::kFatal) current_.reset();
  return status;
}

Status GroupMember::complete_revoke() {
  if (!current_ || current_->kind == Rebalance::Kind::kAssign) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: no revocation waits to be completed", where()));
  }
  const Rebalance revoke = *std::exchange(current_, std::nullopt);
  queues().detach(revoke.partitions);
  return answer(revoke);
}

Status GroupMember::answer(const Rebalance& rebalance) {
  ErrorPtr error;
  switch (rebalance.kind) {
    case Rebalance::Kind::kAssign:
    case Rebalance::Kind::kLeave:
      error.reset(rd_kafka_incremental_assign(handle(), rd_kafka_event_topic_partition_list(rebalance.event.get())));
      break;
    case Rebalance::Kind::kRevoke:
      error.reset(rd_kafka_incremental_unassign(handle(), rd_kafka_event_topic_partition_list(rebalance.event.get())));
      break;
    case Rebalance::Kind::kRevokeAll:
      rd_kafka_assign(handle(), nullptr);
      break;
    case Rebalance::Kind::kGone:
      break;
  }
  client().joins.completed();
  if (!error) return {};
  return tl::make_unexpected(make_fatal_error(rd_kafka_error_code(error.get()), fmt::format("rebalance of {}", where()),
                                              rd_kafka_error_string(error.get())));
}

}  // namespace hubferry::kafka

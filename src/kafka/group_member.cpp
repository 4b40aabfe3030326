#include "kafka/group_member.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "kafka/consumed_record.h"
#include "kafka/error_class.h"
#include "kafka/statistics.h"

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kCommitDeadline{10'000};

// poll() never sleeps longer, whatever it is asked: each of its rounds counts for max.poll.interval.ms.
constexpr Milliseconds kLongestWait{1'000};

Status commit_status(rd_kafka_event_t& event, const std::string& where) {
  rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  std::string place = where;
  const rd_kafka_topic_partition_list_t* offsets = rd_kafka_event_topic_partition_list(&event);
  for (int i = 0; offsets != nullptr && i < offsets->cnt; ++i) {
    if (offsets->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    code = offsets->elems[i].err;
    place = fmt::format("{} partition {}", where, offsets->elems[i].partition);
    break;
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return tl::make_unexpected(make_error(code, fmt::format("commit for {}", place)));
}

}  // namespace

GroupMember::GroupMember(std::unique_ptr<MemberClient> client, const std::string& group, std::string topic)
    : client_(std::move(client)),
      handle_(client_->consumer->c_ptr()),
      topic_(std::move(topic)),
      where_(fmt::format("group {} topic {}", group, topic_)),
      group_queue_(rd_kafka_queue_get_consumer(handle_)),
      commit_queue_(rd_kafka_queue_new(handle_)),
      commits_(kCommitDeadline) {
  for (rd_kafka_queue_t* queue : {group_queue_.get(), commit_queue_.get()}) {
    rd_kafka_queue_io_event_enable(queue, client_->bell.descriptor(), &Wakeup::kRing, sizeof Wakeup::kRing);
  }
}

Status GroupMember::subscribe() {
  const auto code = static_cast<rd_kafka_resp_err_t>(client_->consumer->subscribe({topic_}));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return tl::make_unexpected(make_error(code, where_));
}

void GroupMember::poll(Milliseconds timeout, Listener& listener) {
  client_->bell.wait(longest_wait(timeout));
  more_to_fetch_ = false;
  serve_group(listener);
  start_rebalances(listener);
  advance_close();
  serve_commits(listener);
  tell_errors(listener);
}

bool GroupMember::has_work() const {
  return more_to_fetch_ || !errors_.empty() || !answered_.empty() || (!current_ && !rebalances_.empty()) ||
         was_expelled();
}

Milliseconds GroupMember::longest_wait(Milliseconds timeout) const {
  if (has_work()) return Milliseconds(0);
  Milliseconds limit = std::clamp(timeout, Milliseconds(0), leaving_ == Leaving::kNo ? kLongestWait : kLeavingPoll);
  if (const auto deadline = commits_.next_deadline()) {
    const auto left = std::chrono::ceil<Milliseconds>(*deadline - SteadyClock::now());
    limit = std::clamp(left, Milliseconds(0), limit);
  }
  return limit;
}

void GroupMember::serve_group(Listener& listener) {
  while (EventPtr event{rd_kafka_queue_poll(group_queue_.get(), 0)}) {
    switch (rd_kafka_event_type(event.get())) {
      case RD_KAFKA_EVENT_REBALANCE:
        ever_assigned_ = ever_assigned_ || rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        rebalances_.push_back(std::move(event));
        break;
      case RD_KAFKA_EVENT_ERROR:
        serve_group_error(*event, listener);
        break;
      case RD_KAFKA_EVENT_STATS:
        if (const auto up = brokers_up(rd_kafka_event_stats(event.get()))) listener.on_statistics(*up);
        break;
      case RD_KAFKA_EVENT_FETCH:
        // Cannot happen, see the class comment. Nothing was committed for it, so a new member reads it again.
        listener.on_error({ErrorCode::kInternal, fmt::format("{}: a record outside its partition's queue", where_),
                           Disposition::kFatal});
        break;
      default:
        break;
    }
  }
}

void GroupMember::serve_group_error(rd_kafka_event_t& event, Listener& listener) {
  const rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  const char* reason = rd_kafka_event_error_string(&event);
  if (rd_kafka_event_error_is_fatal(&event) != 0) {
    listener.on_error(make_fatal_error(code, where_, reason));
  } else if (is_connection_trouble(code)) {
    spdlog::debug("kafka {}: {}", where_, reason);
  } else {
    listener.on_error(make_error(code, where_, reason));
  }
}

void GroupMember::start_rebalances(Listener& listener) {
  while (!current_ && (!rebalances_.empty() || was_expelled())) {
    if (rebalances_.empty()) {
      current_ = Rebalance{Rebalance::Kind::kGone, nullptr, assigned()};
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
      listener.on_assign(partitions);
    } else {
      const bool lost = kind == Rebalance::Kind::kGone || rd_kafka_assignment_lost(handle_) != 0;
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
      if (partitions_.contains(list->elems[i].partition)) rebalance.partitions.push_back(list->elems[i].partition);
    }
  } else if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rebalance.kind = Rebalance::Kind::kLeave;
    rebalance.partitions = assigned();
  } else {
    listener.on_error(make_error(code, fmt::format("rebalance of {}", where_)));
    rebalance.kind = Rebalance::Kind::kRevokeAll;
    rebalance.partitions = assigned();
  }
  rebalance.event = std::move(event);
  return rebalance;
}

Status GroupMember::complete_assign() {
  if (!current_ || current_->kind != Rebalance::Kind::kAssign) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: no assignment waits to be completed", where_));
  }
  const Rebalance assign = *std::exchange(current_, std::nullopt);
  for (const std::int32_t partition : assign.partitions) attach(partition);
  Status status = answer(assign);
  if (!status) detach(assign.partitions);
  return status;
}

Status GroupMember::complete_revoke() {
  if (!current_ || current_->kind == Rebalance::Kind::kAssign) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: no revocation waits to be completed", where_));
  }
  const Rebalance revoke = *std::exchange(current_, std::nullopt);
  detach(revoke.partitions);
  return answer(revoke);
}

Status GroupMember::answer(const Rebalance& rebalance) {
  ErrorPtr error;
  switch (rebalance.kind) {
    case Rebalance::Kind::kAssign:
    case Rebalance::Kind::kLeave:
      error.reset(rd_kafka_incremental_assign(handle_, rd_kafka_event_topic_partition_list(rebalance.event.get())));
      break;
    case Rebalance::Kind::kRevoke:
      error.reset(rd_kafka_incremental_unassign(handle_, rd_kafka_event_topic_partition_list(rebalance.event.get())));
      break;
    case Rebalance::Kind::kRevokeAll:
      rd_kafka_assign(handle_, nullptr);
      break;
    case Rebalance::Kind::kGone:
      break;
  }
  if (!error) return {};
  return tl::make_unexpected(make_fatal_error(rd_kafka_error_code(error.get()), fmt::format("rebalance of {}", where_),
                                              rd_kafka_error_string(error.get())));
}

void GroupMember::attach(std::int32_t partition) {
  Partition& attached = partitions_[partition];
  attached.queue.reset(rd_kafka_queue_get_partition(handle_, topic_.c_str(), partition));
  rd_kafka_queue_forward(attached.queue.get(), nullptr);
  rd_kafka_queue_io_event_enable(attached.queue.get(), client_->bell.descriptor(), &Wakeup::kRing,
                                 sizeof Wakeup::kRing);
}

void GroupMember::detach(const std::vector<std::int32_t>& partitions) {
  for (const std::int32_t partition : partitions) {
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) continue;
    rd_kafka_queue_io_event_enable(found->second.queue.get(), -1, nullptr, 0);
    partitions_.erase(found);
  }
}

std::size_t GroupMember::fetch(std::int32_t partition, std::size_t maximum, std::vector<event::Record>& records) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return 0;
  Partition& source = found->second;

  // One by one: rd_kafka_consume_batch_queue() can skip records when a rebalance pauses the partition meanwhile
  // (librdkafka before 2.1) and after an error (2.2 to 2.13.1).
  std::size_t taken = 0;
  while (taken < maximum) {
    MessagePtr message(rd_kafka_consume_queue(source.queue.get(), 0));
    if (!message) return taken;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) errors_.push_back(note(*message));
      continue;
    }
    if (message->offset == source.last_offset) continue;  // a rebalance paused the partition while it was taken
    if (message->offset < source.last_offset) {
      errors_.push_back({ErrorCode::kCorrupt,
                         fmt::format("{} partition {}: went back from offset {} to {}, the topic was cut or created "
                                     "anew; reading starts again at the committed offset",
                                     where_, partition, source.last_offset, message->offset),
                         Disposition::kFatal});
      return taken;
    }
    source.last_offset = message->offset;
    records.push_back(to_record(std::move(message)));
    ++taken;
  }
  more_to_fetch_ = maximum > 0 || more_to_fetch_;
  return taken;
}

Error GroupMember::note(rd_kafka_message_t& message) const {
  return make_error(message.err, fmt::format("{} partition {}", where_, message.partition),
                    rd_kafka_message_errstr(&message));
}

void GroupMember::commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) {
  if (offsets.empty()) {
    answered_.emplace_back(token, Status{});
    return;
  }
  held_.push_back({commits_.begin(token, SteadyClock::now()), token, offsets});
  send_commits();
}

void GroupMember::send_commits() {
  while (!held_.empty() && !client_->joins.joining()) {
    const HeldCommit commit = std::move(held_.front());
    held_.pop_front();
    if (commits_.waits(commit.number)) send_commit(commit);
  }
}

void GroupMember::send_commit(const HeldCommit& commit) {
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(commit.offsets.size())));
  for (const PartitionOffset& offset : commit.offsets) {
    if (!partitions_.contains(offset.partition)) {
      // The broker would take it, and set the new owner back.
      commits_.finish(commit.number);
      answered_.emplace_back(commit.token, fail(ErrorCode::kConflict,
                                                fmt::format("commit for {}: partition {} is not assigned any more",
                                                            where_, offset.partition),
                                                Disposition::kRetry));
      return;
    }
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), offset.partition)->offset = offset.offset;
  }
  const rd_kafka_resp_err_t code =
      rd_kafka_commit_queue(handle_, list.get(), commit_queue_.get(), nullptr, reinterpret_cast<void*>(commit.number));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  commits_.finish(commit.number);
  answered_.emplace_back(commit.token, tl::make_unexpected(make_error(code, fmt::format("commit for {}", where_))));
}

void GroupMember::serve_commits(Listener& listener) {
  send_commits();
  while (const EventPtr event{rd_kafka_queue_poll(commit_queue_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_OFFSET_COMMIT) continue;
    const auto number = reinterpret_cast<std::uint64_t>(rd_kafka_event_opaque(event.get()));
    if (const auto token = commits_.finish(number)) answered_.emplace_back(*token, commit_status(*event, where_));
  }
  for (const std::uint64_t token : commits_.expire(SteadyClock::now())) {
    answered_.emplace_back(
        token, fail(ErrorCode::kTimeout,
                    fmt::format("commit for {}: no answer within {} s", where_, kCommitDeadline.count() / 1000),
                    Disposition::kRetry));
  }
  for (const auto& [token, status] : std::exchange(answered_, {})) listener.on_committed(token, status);
}

void GroupMember::tell_errors(Listener& listener) {
  for (const Error& error : std::exchange(errors_, {})) listener.on_error(error);
}

std::vector<std::int32_t> GroupMember::assigned() const {
  std::vector<std::int32_t> partitions;
  for (const auto& [partition, source] : partitions_) partitions.push_back(partition);
  return partitions;
}

}  // namespace hubferry::kafka

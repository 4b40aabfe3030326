#include "kafka/committer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "kafka/error_class.h"
#include "kafka/partition_list.h"

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kCommitDeadline{10'000};

}  // namespace

Committer::Committer(rd_kafka_t* client, const Wakeup& bell, JoinWatch& joins, const PartitionQueues& assigned,
                     std::string topic, std::string where)
    : client_(client),
      joins_(joins),
      assigned_(assigned),
      topic_(std::move(topic)),
      where_(std::move(where)),
      queue_(rd_kafka_queue_new(client)),
      commits_(kCommitDeadline) {
  rd_kafka_queue_io_event_enable(queue_.get(), bell.descriptor(), &Wakeup::kRing, sizeof Wakeup::kRing);
}

void Committer::commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) {
  if (offsets.empty()) {
    answered_.emplace_back(token, Status{});
    return;
  }
  if (!may_commit(offsets, token)) return;
  held_.push_back({commits_.begin(token, SteadyClock::now()), token, offsets});
  send_held();
}

void Committer::send_held() {
  const auto send_first = [this] {
    const Held commit = std::move(held_.front());
    held_.pop_front();
    if (commits_.waits(commit.number)) send(commit);
  };
  while (!held_.empty() && joins_.pass(SteadyClock::now(), send_first)) continue;
}

std::optional<Instant> Committer::next_due() const {
  const auto deadline = commits_.next_deadline();
  const auto opens = held_.empty() ? std::nullopt : joins_.opens_at();
  return deadline && opens ? std::min(*deadline, *opens) : deadline;
}

// The broker would take what is committed for a partition of another member, and set that back.
bool Committer::may_commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) {
  for (const PartitionOffset& offset : offsets) {
    if (assigned_.contains(offset.partition)) continue;
    answered_.emplace_back(
        token, fail(ErrorCode::kConflict,
                    fmt::format("commit for {}: partition {} is not assigned any more", where_, offset.partition),
                    Disposition::kRetry));
    return false;
  }
  return true;
}

void Committer::send(const Held& commit) {
  if (!may_commit(commit.offsets, commit.token)) {
    commits_.finish(commit.number);
    return;
  }
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(commit.offsets.size())));
  for (const PartitionOffset& offset : commit.offsets) add_offset(*list, topic_, offset);
  for (const PartitionOffset& offset : commit.offsets) {
    if (own_ != nullptr) own_->sent(offset.partition, offset.offset);
  }
  const rd_kafka_resp_err_t code =
      rd_kafka_commit_queue(client_, list.get(), queue_.get(), nullptr, reinterpret_cast<void*>(commit.number));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  commits_.finish(commit.number);
  answered_.emplace_back(commit.token, tl::make_unexpected(make_error(code, fmt::format("commit for {}", where_))));
}

void Committer::serve(Consumer::Listener& listener) {
  send_held();
  while (const EventPtr event{rd_kafka_queue_poll(queue_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_OFFSET_COMMIT) continue;
    const auto number = reinterpret_cast<std::uint64_t>(rd_kafka_event_opaque(event.get()));
    Status status = answer(*event);
    if (status && own_ != nullptr) note_acknowledged(*event);
    if (const auto token = commits_.finish(number)) answered_.emplace_back(*token, std::move(status));
  }
  for (const std::uint64_t token : commits_.expire(SteadyClock::now())) {
    answered_.emplace_back(
        token, fail(ErrorCode::kTimeout,
                    fmt::format("commit for {}: no answer within {} s", where_, kCommitDeadline.count() / 1000),
                    Disposition::kRetry));
  }
  for (const auto& [token, status] : std::exchange(answered_, {})) listener.on_committed(token, status);
}

void Committer::note_acknowledged(rd_kafka_event_t& event) {
  const rd_kafka_topic_partition_list_t* offsets = rd_kafka_event_topic_partition_list(&event);
  for (int i = 0; offsets != nullptr && i < offsets->cnt; ++i) {
    own_->acknowledged(offsets->elems[i].partition, offsets->elems[i].offset);
  }
}

Status Committer::answer(rd_kafka_event_t& event) const {
  rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  std::string place = where_;
  const rd_kafka_topic_partition_list_t* offsets = rd_kafka_event_topic_partition_list(&event);
  for (int i = 0; offsets != nullptr && i < offsets->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = offsets->elems[i];
    if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    code = entry.err;
    place = fmt::format("{} partition {}", where_, entry.partition);
    break;
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return tl::make_unexpected(make_error(code, fmt::format("commit for {}", place)));
}

}  // namespace hubferry::kafka

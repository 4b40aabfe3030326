#include "consume/dispatcher.h"

#include <algorithm>
#include <utility>

namespace hubferry::consume {

void Dispatcher::assign(const std::vector<std::int32_t>& partitions) {
  for (const std::int32_t partition : partitions) {
    Partition& state = partitions_[partition];
    state = Partition{};
    state.epoch = next_epoch_++;
  }
}

void Dispatcher::revoke(const std::vector<std::int32_t>& partitions, bool lost, Instant now) {
  for (const std::int32_t partition : partitions) {
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) continue;
    if (lost) {
      if (found->second.in_flight) --in_flight_;
      partitions_.erase(found);
    } else {
      found->second.revoking = true;
    }
  }
  revoke_pending_ = true;
  revoke_deadline_ = std::min(now + options_.revoke_deadline, stop_deadline_);
}

void Dispatcher::reset() {
  partitions_.clear();
  outstanding_.reset();
  in_flight_ = 0;
  revoke_pending_ = false;
}

void Dispatcher::add(event::Record record) {
  const auto found = partitions_.find(record.partition);
  if (found == partitions_.end()) return;
  found->second.checkpoint.begin(record.offset);
  found->second.queue.push_back({std::make_shared<const event::Record>(std::move(record)), 0, 0});
}

Dispatcher::Partition* Dispatcher::find(const WorkId& id) {
  const auto found = partitions_.find(id.partition);
  if (found == partitions_.end() || found->second.epoch != id.epoch) return nullptr;
  return &found->second;
}

void Dispatcher::finished(const WorkId& id, const deliver::Outcome& outcome, Instant now) {
  Partition* partition = find(id);
  if (partition == nullptr || !partition->in_flight || partition->queue.front().record->offset != id.offset) return;
  partition->in_flight = false;
  --in_flight_;
  Item& item = partition->queue.front();
  if (outcome.verdict == deliver::Verdict::kDone) {
    partition->checkpoint.finish(id.offset);
    partition->queue.pop_front();
    partition->not_before = now;
    return;
  }
  std::uint32_t earlier = 0;
  if (outcome.verdict == deliver::Verdict::kFailed) {
    earlier = item.failures++;
    item.waits = 0;
  } else {
    earlier = item.waits++;
  }
  partition->not_before = now + std::max(outcome.retry_after, retry_backoff_.delay(earlier));
}

std::size_t Dispatcher::room(std::int32_t partition) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || found->second.revoking || stopping_) return 0;
  const std::size_t used = found->second.queue.size();
  return used < options_.buffer_events ? options_.buffer_events - used : 0;
}

std::optional<Delivery> Dispatcher::next_delivery(Instant now) {
  if (stopping_ || partitions_.empty()) return std::nullopt;
  auto turn = partitions_.upper_bound(last_served_);
  for (std::size_t tried = 0; tried < partitions_.size(); ++tried, ++turn) {
    if (turn == partitions_.end()) turn = partitions_.begin();
    Partition& partition = turn->second;
    if (partition.in_flight || partition.revoking || partition.queue.empty() || partition.not_before > now) continue;
    partition.in_flight = true;
    ++in_flight_;
    last_served_ = turn->first;
    const Item& item = partition.queue.front();
    return Delivery{{turn->first, partition.epoch, item.record->offset}, item.failures + 1, item.record};
  }
  return std::nullopt;
}

bool Dispatcher::commit_due(const Partition& partition, Instant now) const {
  if (partition.checkpoint.position() <= partition.committed) return false;
  if (revoke_pending_) return partition.revoking && (!partition.in_flight || now >= revoke_deadline_);
  return stopping_ || !partition.last_commit || now - *partition.last_commit >= options_.commit_interval;
}

std::optional<Commit> Dispatcher::next_commit(Instant now) {
  if (outstanding_) return std::nullopt;
  OutstandingCommit outstanding;
  Commit commit;
  for (auto& [number, partition] : partitions_) {
    if (!commit_due(partition, now)) continue;
    const std::int64_t offset = partition.checkpoint.position();
    commit.offsets.push_back({number, offset});
    outstanding.offsets[number] = {partition.epoch, offset};
    partition.last_commit = now;
  }
  if (commit.offsets.empty()) return std::nullopt;
  commit.token = outstanding.token = next_token_++;
  outstanding_ = std::move(outstanding);
  return commit;
}

void Dispatcher::committed(std::uint64_t token, bool ok) {
  if (!outstanding_ || outstanding_->token != token) return;
  for (const auto& [number, commit] : outstanding_->offsets) {
    const auto found = partitions_.find(number);
    if (found == partitions_.end() || found->second.epoch != commit.first) continue;
    // A failed commit of a revoked partition is not repeated: its new owner delivers the rest again.
    if (ok || found->second.revoking) found->second.committed = std::max(found->second.committed, commit.second);
  }
  outstanding_.reset();
}

bool Dispatcher::settled(const Partition& partition, Instant now) const {
  if (partition.in_flight && now < revoke_deadline_) return false;
  return partition.checkpoint.position() <= partition.committed;
}

bool Dispatcher::take_revoke_done(Instant now) {
  if (!revoke_pending_) return false;
  for (const auto& [number, partition] : partitions_) {
    if (partition.revoking && !settled(partition, now)) return false;
  }
  revoke_pending_ = false;
  forget_revoked();
  return true;
}

void Dispatcher::forget_revoked() {
  for (auto it = partitions_.begin(); it != partitions_.end();) {
    if (!it->second.revoking) {
      ++it;
      continue;
    }
    if (it->second.in_flight) --in_flight_;
    it = partitions_.erase(it);
  }
}

std::optional<Instant> Dispatcher::next_due() const {
  std::optional<Instant> due;
  const auto sooner = [&due](Instant instant) { due = due ? std::min(*due, instant) : instant; };
  if (revoke_pending_ && !outstanding_) sooner(revoke_deadline_);
  for (const auto& [number, partition] : partitions_) {
    const bool idle = !partition.in_flight && !partition.revoking && !stopping_;
    if (idle && !partition.queue.empty()) sooner(partition.not_before);
    const bool may_commit = !outstanding_ && !revoke_pending_ && partition.last_commit.has_value();
    if (may_commit && partition.checkpoint.position() > partition.committed) {
      sooner(*partition.last_commit + options_.commit_interval);
    }
  }
  return due;
}

std::vector<std::int32_t> Dispatcher::assignment() const {
  std::vector<std::int32_t> numbers;
  for (const auto& [number, partition] : partitions_) numbers.push_back(number);
  return numbers;
}

std::size_t Dispatcher::buffered() const {
  std::size_t events = 0;
  for (const auto& [number, partition] : partitions_) events += partition.queue.size();
  return events;
}

}  // namespace hubferry::consume

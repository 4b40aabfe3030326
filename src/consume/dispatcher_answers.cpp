#include <algorithm>
#include <utility>

#include "consume/dispatcher.h"

// What happens to events that come back from the handler or the dead-letter topic, and the commits that follow.

namespace hubferry::consume {

void Dispatcher::answered(const deliver::WorkId& id, deliver::Outcome outcome, Instant now) {
  const Slot slot = slots_[id.slot];
  free_slots_.push_back(id.slot);
  if (--batches_[slot.batch] == 0) {
    free_batches_.push_back(slot.batch);
    --batches_in_flight_;
  }
  --in_flight_;
  // Behind an event of its lane that is not done it had to wait, whatever the handler is able to.
  const bool waited = slot.partition != nullptr && slot.lane->failed_offset < id.offset;
  if (outcome.verdict == deliver::Verdict::kUnavailable) {
    if (!waited) {
      wait_for_handler(outcome, slot.serial, now);
      tally_.count_reason(outcome.reason, 1);
    }
  } else if (slot.serial >= unavailable_serial_) {
    unavailable_since_.reset();
    unavailable_answers_ = 0;
  }
  judge_probe(slot, outcome);
  if (slot.partition == nullptr) return;
  Partition& partition = *slot.partition;
  Lane& lane = *slot.lane;
  --partition.in_flight;
  slot.item->at_handler = false;
  count_failure(partition, *slot.item, outcome.verdict);
  if (outcome.verdict != deliver::Verdict::kDone && id.offset < lane.failed_offset) {
    lane.failed_offset = id.offset;
    lane.failed_outcome = std::move(outcome);
  }
  if (--lane.unanswered == 0) settle(partition, lane, now);
}

// What is abandoned was counted before.
void Dispatcher::count_failure(Partition& partition, Item& item, deliver::Verdict verdict) {
  const bool tried = verdict == deliver::Verdict::kFailed || verdict == deliver::Verdict::kRejected;
  if (!tried || item.abandoned) return;
  ++item.failures;
  item.rejected = verdict == deliver::Verdict::kRejected;
  partition.failing[item.offset] = &item;
  partition.changed = true;
}

// What was done before the first failure is finished; what came after it is delivered again, to keep the order.
void Dispatcher::settle(Partition& partition, Lane& lane, Instant now) {
  Lane* left = &lane;
  for (std::uint32_t count = std::exchange(lane.at_handler, 0U); count != 0 && left != nullptr; --count) {
    if (left->first->offset >= left->failed_offset) return failed(partition, *left, now);
    left = finish_first(partition, *left);
    tally_.succeeded(1);
  }
  go_on(partition, left, now);
}

Lane* Dispatcher::finish_first(Partition& partition, Lane& lane) {
  bytes_ -= lane.first->bytes;
  return partition.finish_first(lane);
}

void Dispatcher::go_on(Partition& partition, Lane* lane, Instant now) {
  if (lane != nullptr && keeps_count() && partition.must_save(*lane)) {
    wait(partition, *lane, now);  // it failed in one batch with an event before it
  } else if (lane != nullptr) {
    partition.make_ready(*lane, false);
  }
  partition.readmit();
  list(partition, now);
}

void Dispatcher::failed(Partition& partition, Lane& lane, Instant now) {
  const deliver::Outcome& outcome = lane.failed_outcome;
  partition.readmit();  // events before it may have been done
  if (outcome.verdict == deliver::Verdict::kUnavailable || partition.abandoned) return go_on(partition, &lane, now);
  const Item& item = *lane.first;
  const bool last = keeps_count() && item.failures >= options_.retry_attempts;
  count_final(item, outcome.reason, now);
  const bool final = last || (options_.dead_letter && item.rejected);
  if (final && permit_.opened()) {
    pardon(partition, partition.failing.find(item.offset));
    partition.make_ready(lane, false);
  } else if (final) {
    die(partition, lane, std::move(lane.failed_outcome.reason), now, tally_.state.finals);
  } else {
    wait(partition, lane, now + std::max(outcome.retry_after, retry_backoff_.delay(item.failures - 1)));
  }
  list(partition, now);
}

// Those who answer so in one go are one outage. The event goes behind the others: if only this one is answered so, they
// go on.
void Dispatcher::wait_for_handler(const deliver::Outcome& outcome, std::uint64_t serial, Instant now) {
  if (!unavailable_since_) unavailable_since_ = now;
  if (serial < unavailable_serial_) {
    unavailable_until_ = std::max(unavailable_until_, now + outcome.retry_after);
    return;
  }
  unavailable_until_ = now + std::max(outcome.retry_after, retry_backoff_.delay(unavailable_answers_++));
  unavailable_serial_ = serial_;
}

void Dispatcher::wait(const Partition& partition, Lane& lane, Instant until) {
  lane.state = Lane::State::kWaiting;
  waiting_.emplace(until, Waiting{partition.number, partition.epoch, lane.id});
}

void Dispatcher::die(Partition& partition, Lane& lane, std::string reason, Instant now, std::uint64_t number) {
  const Item& item = *lane.first;
  lane.state = Lane::State::kDying;
  lane.failed_outcome.reason = std::move(reason);
  partition.dying[item.offset] = &lane;
  const bool parks = options_.parked_keys && item.failures != 0 && item.record.key;
  if (parks && partition.parked.size() >= kMostParked && !partition.parked.contains(key_hash(*item.record.key))) {
    // The others go on: among them are those whose replay makes room.
    partition.parking_trouble = std::to_string(kMostParked) +
                                " of its keys are parked already; replay their dead letters (hubferryctl dead-letter "
                                "replay), or set parked-keys = false";
    return wait(partition, lane, now + options_.retry_max);
  }
  if (parks) partition.parking_trouble.reset();
  dead_letters_.push_back({{{partition.number, partition.epoch, item.offset, 0},
                            Item::share(lane.first),
                            lane.failed_outcome.reason,
                            item.failures},
                           number});
}

void Dispatcher::dead_letter_written(const deliver::WorkId& id, const Status& status, Instant now) {
  Partition* partition = find(id);
  if (partition == nullptr) return;
  const auto found = partition->dying.find(id.offset);
  if (found == partition->dying.end()) return;
  Lane& lane = *found->second;
  --partition->letters_at_writer;
  if (!status) {
    partition->dead_letter_trouble = status.error().message;
    return wait(*partition, lane, now + retry_backoff_.delay(lane.first->failures));
  }
  partition->dying.erase(found);
  partition->dead_letter_trouble.reset();
  const Item& item = *lane.first;
  if (options_.parked_keys && item.failures != 0 && item.record.key) {
    partition->parked.insert(key_hash(*item.record.key));
  }
  go_on(*partition, finish_first(*partition, lane), now);
}

bool Dispatcher::commit_due(const Partition& partition, Instant now) const {
  if (!partition.changed) return false;
  if (revoke_pending_) {
    return partition.revoking && ((partition.in_flight == 0 && !awaits_letters(partition)) || now >= revoke_deadline_);
  }
  return stopping_ || !last_commit_ || now - *last_commit_ >= options_.commit_interval;
}

std::optional<Commit> Dispatcher::next_commit(Instant now) {
  if (outstanding_) return std::nullopt;
  OutstandingCommit outstanding;
  Commit commit;
  for (auto& [number, partition] : partitions_) {
    if (revoke_pending_ && partition.revoking && now >= revoke_deadline_) abandon(partition);
    if (!commit_due(partition, now)) continue;
    const std::int64_t offset = partition.checkpoint.position();
    CommitNote note = partition.note();
    commit.offsets.push_back({number, offset, encode(note, offset)});
    while (note.failures.size() > kMostFailures) note.failures.erase(std::prev(note.failures.end()));
    outstanding.partitions[number] = {partition.epoch, std::move(note.failures)};
    partition.changed = false;
  }
  if (commit.offsets.empty()) return std::nullopt;
  last_commit_ = now;
  commit.token = outstanding.token = next_token_++;
  outstanding_ = std::move(outstanding);
  return commit;
}

void Dispatcher::committed(std::uint64_t token, bool ok, Instant now) {
  if (!outstanding_ || outstanding_->token != token) return;
  const OutstandingCommit answered = *std::exchange(outstanding_, std::nullopt);
  for (const auto& [number, part] : answered.partitions) {
    const auto found = partitions_.find(number);
    if (found == partitions_.end() || found->second.epoch != part.epoch) continue;
    if (ok) {
      saved(found->second, part.failures, now);
    } else if (!found->second.revoking) {
      // That of a revoked partition is not repeated: its new owner delivers the rest again.
      found->second.changed = true;
    }
  }
}

void Dispatcher::saved(Partition& partition, const std::map<std::int64_t, std::uint32_t>& failures, Instant now) {
  for (const auto& [offset, count] : failures) {
    const auto found = partition.failing.find(offset);
    if (found != partition.failing.end()) found->second->saved_failures = count;
  }
  std::vector<Lane*> unsaved;
  for (Lane* lane : partition.unsaved) {
    if (partition.must_save(*lane)) {
      unsaved.push_back(lane);
    } else {
      partition.make_ready(*lane, false);
    }
  }
  // What found no room in the note gets it when what is in there has ended.
  partition.changed = partition.changed || unsaved.size() != partition.unsaved.size();
  partition.unsaved = std::move(unsaved);
  list(partition, now);
}

// The next owner counts what is still at the handler as tried, but its last attempt is its own.
void Dispatcher::abandon(Partition& partition) {
  if (partition.in_flight == 0 || std::exchange(partition.abandoned, true)) return;
  partition.changed = true;
  if (!keeps_count()) return;
  for (auto& [id, lane] : partition.lanes) {
    Item* item = lane.first.get();
    for (std::uint32_t i = 0; i < lane.at_handler; ++i, item = item->next.get()) {
      if (!item->at_handler || item->failures + 1 >= options_.retry_attempts) continue;
      item->abandoned = true;
      ++item->failures;
      partition.failing[item->offset] = item;
    }
  }
}

bool Dispatcher::settled(const Partition& partition, Instant now) const {
  if ((partition.in_flight != 0 || awaits_letters(partition)) && now < revoke_deadline_) return false;
  if (partition.in_flight != 0 && !partition.abandoned) return false;
  return !partition.changed && !(outstanding_ && outstanding_->partitions.contains(partition.number));
}

bool Dispatcher::take_revoke_done(Instant now) {
  if (!revoke_pending_) return false;
  for (const auto& [number, partition] : partitions_) {
    if (partition.revoking && !settled(partition, now)) return false;
  }
  revoke_pending_ = false;
  for (auto it = partitions_.begin(); it != partitions_.end();) {
    const auto each = it++;
    if (each->second.revoking) forget(each);
  }
  return true;
}

}  // namespace hubferry::consume

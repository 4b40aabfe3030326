#include "consume/dispatcher.h"

#include <algorithm>

#include "base/recycler.h"

namespace hubferry::consume {
namespace {

// Records are fetched when so much of a partition's buffer is free: one by one, each as another one is finished, they
// would cost more.
constexpr std::size_t kRoomPieces = 16;

std::size_t size_of(const event::Record& record) {
  std::size_t bytes = record.key.value_or("").size() + record.value.value_or("").size();
  for (const event::Header& header : record.headers) bytes += header.name.size() + header.value.value_or("").size();
  return bytes;
}

bool is_replayed_for(const event::Record& record, std::string_view route) {
  return std::any_of(record.headers.begin(), record.headers.end(), [route](const event::Header& header) {
    return header.name == deliver::kReplayedFor && header.value == route;
  });
}

}  // namespace

Dispatcher::Dispatcher(const Options& options)
    : options_(options),
      retry_backoff_(options.retry_initial, options.retry_max, options.seed),
      bucket_(options.rate_limit) {}

void Dispatcher::assign(const std::vector<Start>& starts) {
  for (const Start& start : starts) {
    if (const auto old = partitions_.find(start.partition); old != partitions_.end()) forget(old);
    Partition& partition = partitions_[start.partition];
    partition.number = start.partition;
    partition.epoch = next_epoch_++;
    partition.deliver_from = start.offset;
    partition.checkpoint = Checkpoint(start.offset);
    partition.restored = start.note;
    partition.parked = start.note.parked;
    partition.partitions_at_start = start.note.partitions_at_start;
    partition.changed = !start.committed;
  }
}

void Dispatcher::revoke(const std::vector<std::int32_t>& partitions, bool lost, Instant now) {
  for (const std::int32_t number : partitions) {
    const auto found = partitions_.find(number);
    if (found == partitions_.end()) continue;
    if (lost) {
      forget(found);
    } else {
      found->second.revoking = true;
    }
  }
  revoke_pending_ = true;
  revoke_deadline_ = std::min(now + options_.revoke_deadline, stop_deadline_);
}

void Dispatcher::reset() {
  ready_.clear();
  waiting_.clear();
  dead_letters_.clear();
  partitions_.clear();
  slots_.clear();
  free_slots_.clear();
  batches_.clear();
  free_batches_.clear();
  outstanding_.reset();
  batches_in_flight_ = in_flight_ = bytes_ = 0;
  revoke_pending_ = false;
}

void Dispatcher::forget(std::map<std::int32_t, Partition>::iterator partition) {
  Partition* gone = &partition->second;
  for (Slot& slot : slots_) {
    if (slot.partition == gone) slot.partition = nullptr;
  }
  std::erase(ready_, gone);
  bytes_ -= gone->bytes;
  partitions_.erase(partition);
}

Partition* Dispatcher::find(const deliver::WorkId& id) {
  const auto found = partitions_.find(id.partition);
  if (found == partitions_.end() || found->second.epoch != id.epoch) return nullptr;
  return &found->second;
}

void Dispatcher::add(event::Record&& record, Instant now) {
  const auto found = partitions_.find(record.partition);
  if (found == partitions_.end()) return;
  Partition& partition = found->second;
  const bool repeated = options_.skip_resends && partition.seen.repeats(record);
  if (record.offset < partition.deliver_from) return;
  partition.checkpoint.begin(record.offset);
  const bool finished = finished_before(partition, record);
  if (finished || repeated) {
    ++(finished ? statistics_.repeats_avoided : statistics_.resends_skipped);
    partition.checkpoint.finish(record.offset);
    partition.changed = true;
    partition.readmit();
    return list(partition, now);
  }
  Lane& lane = lane_of(partition, record);
  const std::size_t bytes = size_of(record);
  auto item = std::allocate_shared<Item>(Recycling<Item>(), std::move(record), bytes);
  restore_failures(partition, *item);
  bytes_ += item->bytes;
  partition.append(lane, std::move(item));
  if (lane.size == 1) {
    partition.make_ready(lane, false);
    list(partition, now);
  } else if (lane.state == Lane::State::kReady) {
    ++partition.ready_events;
  }
}

// Also cuts what is left of the note to what was not read yet.
bool Dispatcher::finished_before(Partition& partition, const event::Record& record) {
  auto& runs = partition.restored.finished;
  while (!runs.empty() && runs.front().last < record.offset) runs.erase(runs.begin());
  if (runs.empty() || runs.front().first > record.offset) return false;
  if (runs.front().last == record.offset) {
    runs.erase(runs.begin());
  } else {
    runs.front().first = record.offset + 1;
  }
  return true;
}

void Dispatcher::restore_failures(Partition& partition, Item& item) {
  auto& failures = partition.restored.failures;
  while (!failures.empty() && failures.begin()->first < item.offset) failures.erase(failures.begin());
  if (failures.empty() || failures.begin()->first != item.offset) return;
  item.failures = item.saved_failures = failures.begin()->second % CommitNote::kRejected;
  item.rejected = failures.begin()->second >= CommitNote::kRejected;
  partition.failing[item.offset] = &item;
  failures.erase(failures.begin());
  if (permit_.opened() && has_failed_for_good(item)) pardon(partition, partition.failing.find(item.offset));
}

Lane& Dispatcher::lane_of(Partition& partition, const event::Record& record) const {
  std::uint64_t id = 0;
  if (options_.order == config::Order::kKey && record.key) {
    id = key_hash(*record.key);
  } else if (options_.order != config::Order::kPartition) {
    id = ~static_cast<std::uint64_t>(record.offset);
  }
  Lane& lane = partition.lanes[id];
  lane.id = id;
  return lane;
}

std::size_t Dispatcher::room(std::int32_t partition) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || found->second.revoking || stopping_) return 0;
  const std::size_t events = found->second.events;
  if (bytes_ >= options_.buffer_bytes) return events == 0 ? 1 : 0;
  const std::size_t room = events < options_.buffer_events ? options_.buffer_events - events : 0;
  return room * kRoomPieces < options_.buffer_events ? 0 : room;
}

bool Dispatcher::may_deliver(Instant now) {
  return permit_.kind == Permit::Kind::kClosed && !stopping_ && !paused_ && !ready_.empty() &&
         batches_in_flight_ < most_batches() && now >= unavailable_until_ && bucket_.available(now) != 0;
}

bool Dispatcher::batch_is_full(Instant now) const {
  if (now >= ready_since_ + options_.batch.wait) return true;
  std::size_t events = 0;
  for (const Partition* partition : ready_) events += partition->ready_events;
  return events >= options_.batch.max_events;
}

void Dispatcher::list(Partition& partition, Instant now) {
  if (partition.listed || partition.ready.empty() || partition.revoking || partition.dead_letter_trouble) return;
  if (ready_.empty()) ready_since_ = now;
  partition.listed = true;
  ready_.push_back(&partition);
}

void Dispatcher::admit_due(Instant now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const Waiting due = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    Partition* partition = find({due.partition, due.epoch, 0, 0});
    if (partition == nullptr) continue;
    Lane& lane = partition->lanes.at(due.lane);
    if (partition->dying.contains(lane.first->offset)) {
      die(*partition, lane, std::move(lane.failed_outcome.reason), now);
    } else if (keeps_count() && partition->must_save(lane)) {
      lane.state = Lane::State::kUnsaved;
      partition->unsaved.push_back(&lane);
    } else {
      partition->make_ready(lane, false);
      list(*partition, now);
    }
  }
}

std::vector<deliver::Delivery> Dispatcher::next_batch(Instant now) {
  std::vector<deliver::Delivery> batch;
  admit_due(now);
  if (permit_.kind == Permit::Kind::kProbe) return next_probe(now);
  if (!may_deliver(now) || !batch_is_full(now)) return batch;
  const std::size_t most = std::min(options_.batch.max_events, bucket_.available(now));
  std::uint64_t bytes = 0;
  while (!ready_.empty() && batch.size() < most) {
    Partition& partition = *ready_.front();
    ready_.pop_front();
    partition.listed = false;
    if (partition.revoking || partition.dead_letter_trouble) continue;
    Lane& lane = *partition.ready.front();
    const bool too_much = !batch.empty() && bytes + lane.first->bytes > options_.batch.max_bytes;
    if (!too_much) {
      partition.ready.pop_front();
      partition.ready_events -= lane.size;
      if (!divert(partition, lane, now)) take(partition, lane, most - batch.size(), bytes, batch);
    }
    list(partition, now);
    if (too_much) break;
  }
  bucket_.take(static_cast<std::uint32_t>(batch.size()));
  if (!batch.empty()) ready_since_ = now;
  return batch;
}

// What must not be delivered now goes where it belongs.
bool Dispatcher::divert(Partition& partition, Lane& lane, Instant now) {
  if (auto reason = why_dead(partition, *lane.first)) {
    die(partition, lane, std::move(*reason), now);
    return true;
  }
  if (partition.fits(lane.first->offset)) return false;
  lane.state = Lane::State::kBeyond;
  partition.beyond[lane.first->offset] = &lane;
  return true;
}

std::optional<std::string> Dispatcher::why_dead(Partition& partition, const Item& item) const {
  if (options_.dead_letter && item.rejected) return "the handler rejected it before a restart or rebalance";
  if (keeps_count() && item.failures >= options_.retry_attempts) {
    return "failed " + std::to_string(item.failures) + " times, the last time before a restart or rebalance";
  }
  if (partition.parked.empty() || !item.record.key) return std::nullopt;
  const std::uint64_t hash = key_hash(*item.record.key);
  if (!partition.parked.contains(hash)) return std::nullopt;
  if (!is_replayed_for(item.record, options_.route)) return "its key is parked: an earlier event is a dead letter";
  partition.parked.erase(hash);
  partition.changed = true;
  return std::nullopt;
}

// The lane's first event, and with a handler for batches what follows it and fits.
void Dispatcher::take(Partition& partition, Lane& lane, std::size_t most_events, std::uint64_t& bytes,
                      std::vector<deliver::Delivery>& batch) {
  lane.state = Lane::State::kAtHandler;
  lane.failed_offset = INT64_MAX;
  const std::uint32_t number = batch.empty() ? new_batch() : slots_[batch.front().id.slot].batch;
  for (const std::shared_ptr<Item>* at = &lane.first; *at != nullptr && lane.at_handler < most_events;
       at = &(*at)->next) {
    Item* item = at->get();
    const bool first = lane.at_handler == 0;
    if (!first && (item->failures != 0 || item->rejected || bytes + item->bytes > options_.batch.max_bytes ||
                   !partition.fits(item->offset) || (!partition.parked.empty() && why_dead(partition, *item)))) {
      break;
    }
    bytes += item->bytes;
    ++lane.at_handler;
    const std::uint32_t slot = new_slot(partition, lane, *item);
    slots_[slot].batch = number;
    ++batches_[number];
    const std::uint32_t attempt = item->failures + 1;
    batch.push_back({{partition.number, partition.epoch, item->offset, slot},
                     attempt,
                     keeps_count() && attempt >= options_.retry_attempts,
                     Item::share(*at)});
  }
  lane.unanswered = lane.at_handler;
  partition.in_flight += lane.at_handler;
  in_flight_ += lane.at_handler;
}

std::uint32_t Dispatcher::new_slot(Partition& partition, Lane& lane, Item& item) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  item.at_handler = true;
  slots_[slot] = {&partition, &lane, &item, 0, serial_ - 1};
  return slot;
}

std::uint32_t Dispatcher::new_batch() {
  if (free_batches_.empty()) {
    free_batches_.push_back(static_cast<std::uint32_t>(batches_.size()));
    batches_.push_back(0);
  }
  const std::uint32_t batch = free_batches_.back();
  free_batches_.pop_back();
  ++batches_in_flight_;
  ++serial_;
  return batch;
}

std::optional<deliver::DeadLetter> Dispatcher::next_dead_letter() {
  while (!dead_letters_.empty() && may_die(dead_letters_.front())) {
    deliver::DeadLetter letter = std::move(dead_letters_.front().letter);
    dead_letters_.pop_front();
    Partition* partition = find(letter.id);
    if (partition == nullptr) continue;
    ++partition->letters_at_writer;
    return letter;
  }
  return std::nullopt;
}

std::optional<Instant> Dispatcher::next_due() const {
  std::optional<Instant> due;
  const auto sooner = [&due](Instant instant) { due = due ? std::min(*due, instant) : instant; };
  if (!waiting_.empty()) sooner(waiting_.begin()->first);
  if (permit_.kind == Permit::Kind::kClosed && !ready_.empty() && !stopping_ && !paused_ &&
      batches_in_flight_ < most_batches()) {
    Instant next = unavailable_until_;
    if (options_.batch.wait.count() != 0) next = std::max(next, ready_since_ + options_.batch.wait);
    sooner(bucket_.unlimited() ? next : std::max(next, bucket_.next()));
  }
  if (outstanding_) return due;
  if (revoke_pending_) {
    sooner(revoke_deadline_);
  } else if (last_commit_ && std::any_of(partitions_.begin(), partitions_.end(),
                                         [](const auto& entry) { return entry.second.changed; })) {
    sooner(*last_commit_ + options_.commit_interval);
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
  for (const auto& [number, partition] : partitions_) events += partition.events;
  return events;
}

std::int64_t Dispatcher::position(std::int32_t partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? -1 : found->second.checkpoint.position();
}

std::optional<std::string> Dispatcher::dead_letter_trouble() const {
  for (const auto& [number, partition] : partitions_) {
    const std::string place = "partition " + std::to_string(number);
    if (partition.dead_letter_trouble) return place + " waits for its dead letter: " + *partition.dead_letter_trouble;
    if (partition.parking_trouble) return place + ": an event waits to be a dead letter: " + *partition.parking_trouble;
  }
  return std::nullopt;
}

std::size_t Dispatcher::parked_keys() const {
  std::size_t keys = 0;
  for (const auto& [number, partition] : partitions_) keys += partition.parked.size();
  return keys;
}

}  // namespace hubferry::consume

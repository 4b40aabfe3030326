#include "produce/pump.h"

#include <algorithm>
#include <utility>

#include "event/frame.h"
#include "event/partitioner.h"

namespace hubferry::produce {

void Pump::add_block(std::shared_ptr<const spool::Block> block, Acknowledged acknowledged) {
  Held held;
  held.first = block->first_sequence();
  held.last = block->last_sequence();
  held.outstanding = block->count();
  held.bytes = block->bytes();
  held.block = std::move(block);
  held.acknowledged = std::move(acknowledged);
  held_bytes_ += held.bytes;
  unacknowledged_ += held.outstanding;
  window_.push_back(std::move(held));
}

const kafka::Producer::Record* Pump::head() {
  if (partitions_ <= 0) return nullptr;
  while (!prepared_) {
    if (reading_ == window_.size()) return nullptr;
    Held& held = window_[reading_];
    if (!started_) start_block(held);
    if (cursor_.done()) {
      ++reading_;
      started_ = false;
      trim();
      continue;
    }
    if (held.acknowledged && held.acknowledged(cursor_.sequence())) {
      cursor_.advance();
      settle_one(held);
      continue;
    }
    prepared_ = prepare(held);
    if (!prepared_) {
      damaged_.push_back(cursor_.sequence());
      cursor_.advance();
    }
  }
  return &record_;
}

void Pump::start_block(const Held& held) {
  cursor_ = spool::RecordCursor(*held.block);
  started_ = true;
  sticky_partition_ = static_cast<std::int32_t>(random_() % static_cast<std::uint64_t>(partitions_));
}

bool Pump::prepare(const Held& held) {
  if (!event::decode_frame(cursor_.record(), event_)) return false;
  origin_ = event::encode_origin({held.block->source(), cursor_.sequence(), held.block->epoch()});
  event_.headers.push_back({event::kOriginHeader, std::string_view(origin_.data(), origin_.size())});
  record_.partition = choose_partition(event_);
  record_.key = event_.key;
  record_.value = event_.value;
  record_.headers = event_.headers;
  record_.ticket = cursor_.sequence();
  return true;
}

std::int32_t Pump::choose_partition(const event::OutboundEvent& event) {
  if (event.partition != event::OutboundEvent::kAnyPartition) return event.partition;
  if (!event.key) return sticky_partition_;
  switch (options_.partitioner) {
    case config::Partitioner::kMurmur2:
      return event::murmur2_partition(*event.key, partitions_);
    case config::Partitioner::kConsistent:
      break;
  }
  return event::consistent_partition(*event.key, partitions_);
}

void Pump::sent() {
  prepared_ = false;
  cursor_.advance();
}

const Pump::Held* Pump::find(std::uint64_t sequence) const {
  const auto found = std::partition_point(window_.begin(), window_.end(),
                                          [sequence](const Held& held) { return held.last < sequence; });
  if (found == window_.end() || sequence < found->first) return nullptr;
  return &*found;
}

void Pump::acknowledged(std::uint64_t sequence) {
  Held* held = const_cast<Held*>(find(sequence));
  if (held != nullptr && held->outstanding != 0) settle_one(*held);
}

std::optional<Pump::HeldRecord> Pump::held(std::uint64_t sequence) const {
  const Held* const held = find(sequence);
  if (held == nullptr || !held->block) return std::nullopt;
  spool::RecordCursor cursor(*held->block);
  while (!cursor.done() && cursor.sequence() < sequence) cursor.advance();
  if (cursor.done()) return std::nullopt;
  return HeldRecord{held->block->source(), cursor.record()};
}

void Pump::settle_one(Held& held) {
  --held.outstanding;
  --unacknowledged_;
  if (held.outstanding != 0) return;
  held_bytes_ -= held.bytes;
  held.block.reset();
  trim();
}

// Forgets finished blocks at the front, but not the one that the cursor walks.
void Pump::trim() {
  for (; reading_ > 0 && window_.front().outstanding == 0; --reading_) window_.pop_front();
}

void Pump::reset() {
  window_.clear();
  reading_ = 0;
  started_ = false;
  prepared_ = false;
  held_bytes_ = 0;
  unacknowledged_ = 0;
  damaged_.clear();
}

std::optional<std::uint64_t> Pump::take_damaged() {
  if (damaged_.empty()) return std::nullopt;
  const std::uint64_t sequence = damaged_.front();
  damaged_.pop_front();
  return sequence;
}

}  // namespace hubferry::produce

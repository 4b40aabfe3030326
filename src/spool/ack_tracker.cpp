#include "spool/ack_tracker.h"

#include <algorithm>
#include <utility>

namespace hubferry::spool {
namespace {

constexpr std::uint64_t kWordBits = 64;

// Adds a range behind the others, joined with the last one where they touch. False: no room.
bool extend(std::vector<SequenceRange>& ranges, const SequenceRange& range, std::size_t limit) {
  if (!ranges.empty() && ranges.back().last + 1 == range.first) {
    ranges.back().last = range.last;
    return true;
  }
  if (ranges.size() == limit) return false;
  ranges.push_back(range);
  return true;
}

}  // namespace

bool AckTracker::Entry::has(std::uint64_t sequence) const {
  if (waiting == 0) return true;
  if (bits.empty()) return false;
  const std::uint64_t index = sequence - range.first;
  return ((bits[index / kWordBits] >> (index % kWordBits)) & 1U) != 0;
}

bool AckTracker::Entry::set(std::uint64_t sequence) {
  if (has(sequence)) return false;
  if (--waiting == 0) {
    bits = {};
    return true;
  }
  if (bits.empty()) bits.resize((range.size() + kWordBits - 1) / kWordBits);
  const std::uint64_t index = sequence - range.first;
  bits[index / kWordBits] |= std::uint64_t{1} << (index % kWordBits);
  return true;
}

AckTracker::AckTracker(std::uint64_t low_water, std::vector<SequenceRange> acknowledged)
    : low_water_(low_water), restored_(std::move(acknowledged)) {}

const AckTracker::Entry* AckTracker::find(std::uint64_t sequence) const {
  if (hint_ >= popped_ && hint_ - popped_ < entries_.size()) {
    const Entry& entry = entries_[hint_ - popped_];
    if (sequence >= entry.range.first && sequence <= entry.range.last) return &entry;
  }
  const auto entry = std::lower_bound(entries_.begin(), entries_.end(), sequence,
                                      [](const Entry& e, std::uint64_t s) { return e.range.last < s; });
  if (entry == entries_.end() || sequence < entry->range.first) return nullptr;
  hint_ = popped_ + static_cast<std::uint64_t>(entry - entries_.begin());
  return &*entry;
}

std::uint64_t AckTracker::restored_in(const SequenceRange& range) const {
  std::uint64_t total = 0;
  for (const auto& restored : restored_) {
    if (restored.first > range.last) break;
    total += overlap(restored, range);
  }
  return total;
}

void AckTracker::set_restored(Entry& entry) const {
  const SequenceRange below{entry.range.first, std::min(entry.range.last, low_water_)};
  for (std::uint64_t s = below.first; s <= below.last; ++s) entry.set(s);
  for (const auto& restored : restored_) {
    if (restored.first > entry.range.last) break;
    const std::uint64_t last = std::min(restored.last, entry.range.last);
    for (std::uint64_t s = std::max(restored.first, entry.range.first); s <= last; ++s) entry.set(s);
  }
}

std::uint64_t AckTracker::add(const SequenceRange& block, const Place& place) {
  if (block.last <= low_water_) return 0;
  if (block.first <= last_in_flight()) {
    if (const Entry* known = find(block.first)) return known->waiting;
  }
  Entry entry{block, block.size(), place, {}, false};
  set_restored(entry);
  const auto behind = std::upper_bound(entries_.begin(), entries_.end(), block.first,
                                       [](std::uint64_t s, const Entry& e) { return s < e.range.first; });
  return entries_.insert(behind, std::move(entry))->waiting;
}

std::uint64_t AckTracker::give_up(const SequenceRange& blocks, const Place& place) {
  std::uint64_t waited = 0;
  for (auto& entry : entries_) {
    if (overlap(entry.range, blocks) == 0) continue;
    waited += std::exchange(entry.waiting, 0);
    entry.bits = {};
    entry.given_up = true;
  }
  const SequenceRange fresh{std::max(blocks.first, last_in_flight() + 1), blocks.last};
  if (fresh.first > fresh.last) return waited;
  entries_.push_back(Entry{fresh, 0, place, {}, true});
  return waited + fresh.size() - restored_in(fresh);
}

bool AckTracker::acknowledge(std::uint64_t sequence) {
  if (sequence <= low_water_) return false;
  Entry* entry = find(sequence);
  return entry != nullptr && entry->set(sequence);
}

std::optional<AckTracker::Place> AckTracker::pop_settled() {
  if (entries_.empty() || entries_.front().waiting != 0) return std::nullopt;
  const Place place = entries_.front().place;
  low_water_ = entries_.front().range.last;
  entries_.pop_front();
  ++popped_;
  std::erase_if(restored_, [&](const SequenceRange& range) { return range.last <= low_water_; });
  return place;
}

void AckTracker::raise(std::uint64_t low_water) {
  if (low_water > low_water_ && (entries_.empty() || entries_.front().range.first > low_water)) low_water_ = low_water;
}

bool AckTracker::contains(std::uint64_t sequence) const {
  if (sequence <= low_water_) return true;
  if (const Entry* entry = find(sequence)) return entry->has(sequence);
  return restored_in({sequence, sequence}) != 0;
}

std::vector<SequenceRange> AckTracker::ranges(std::size_t limit) const {
  std::vector<SequenceRange> ranges;
  for (const auto& entry : entries_) {
    if (entry.given_up) continue;
    if (entry.waiting == 0) {
      if (!extend(ranges, entry.range, limit)) return ranges;
      continue;
    }
    if (entry.bits.empty()) continue;
    for (std::uint64_t s = entry.range.first; s <= entry.range.last; ++s) {
      if (entry.has(s) && !extend(ranges, {s, s}, limit)) return ranges;
    }
  }
  for (const auto& restored : restored_) {
    const SequenceRange unread{std::max(restored.first, last_in_flight() + 1), restored.last};
    if (unread.first <= unread.last && !extend(ranges, unread, limit)) return ranges;
  }
  return ranges;
}

}  // namespace hubferry::spool

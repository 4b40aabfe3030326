#include "control/fold.h"

#include <algorithm>
#include <set>

#include "control/snapshot.h"

namespace hubferry::control {

using Fate = Applied::Fate;

void Fold::begin(std::int64_t offset) {
  *this = Fold();
  begun_ = position_ = offset;
  known_ = offset == 0;
}

Applied Fold::apply(std::int64_t offset, std::int64_t timestamp_ms, const Record& record) {
  if (offset < position_) return {Fate::kRepeated, "it was read before"};
  position_ = offset + 1;
  if (!known_) return hold(offset, timestamp_ms, record);
  return take(offset, timestamp_ms, record);
}

Applied Fold::hold(std::int64_t offset, std::int64_t timestamp_ms, const Record& record) {
  const auto* snapshot = std::get_if<Snapshot>(&record.body);
  const bool covers = snapshot != nullptr && snapshot->upto >= begun_ && snapshot->upto <= offset;
  if (covers && restore(snapshot->state)) {
    known_ = true;
    for (const Held& held : std::exchange(held_, {})) {
      if (held.offset < snapshot->upto) continue;
      take(held.offset, held.timestamp_ms, held.record);
    }
    return take(offset, timestamp_ms, record);
  }
  if (std::holds_alternative<BeginAnew>(record.body)) {
    if (!alone_for_certain(timestamp_ms, record.author)) {
      return {Fate::kRefused, "others are there, who may know the history, or were there not long ago"};
    }
    held_.clear();
    known_ = true;
    return take(offset, timestamp_ms, record);
  }
  held_.push_back({offset, timestamp_ms, record});
  if (std::holds_alternative<WantSnapshot>(record.body)) wanted_ms_ = timestamp_ms;
  return {Fate::kHeld, "the history before it is not known yet"};
}

// Stricter than a reader that knows the history is, so that it never begins anew without that one: its records must go
// back far enough to show that nobody else was there, and the broker's clock may have stepped back.
bool Fold::alone_for_certain(std::int64_t timestamp_ms, const Author& author) const {
  const std::int64_t before = timestamp_ms - (kNobodyFor + kClockStep).count();
  if (held_.empty() || held_.front().timestamp_ms > before) return false;
  return std::all_of(held_.begin(), held_.end(), [&](const Held& held) {
    return held.record.author.incarnation == author.incarnation || held.timestamp_ms <= before;
  });
}

bool Fold::note_author(const Record& record) {
  const auto [found, added] = instances_.try_emplace(record.author.incarnation);
  Instance& instance = found->second;
  if (!added && record.author.nonce <= instance.nonce) return false;
  if (added) {
    // A restart: the one before it lives no longer.
    for (auto& [incarnation, other] : instances_) {
      if (incarnation != record.author.incarnation && other.name == record.author.instance) {
        other.seen_ms = std::min(other.seen_ms, now_ms_ - kLease.count());
      }
    }
  }
  instance.name = record.author.instance;
  instance.nonce = record.author.nonce;
  instance.seen_ms = now_ms_;
  if (const auto* alive = std::get_if<Alive>(&record.body)) instance.breakers = alive->breakers;
  forget_silent();
  return true;
}

void Fold::forget_silent() {
  std::erase_if(instances_, [this](const auto& each) { return now_ms_ - each.second.seen_ms > kForget.count(); });
  while (instances_.size() > kMostInstances) {
    instances_.erase(std::min_element(instances_.begin(), instances_.end(), [](const auto& a, const auto& b) {
      return a.second.seen_ms < b.second.seen_ms;
    }));
  }
}

Applied Fold::take(std::int64_t offset, std::int64_t timestamp_ms, const Record& record) {
  now_ms_ = std::max(now_ms_, timestamp_ms);
  if (snapshot_ms_ == 0) snapshot_ms_ = now_ms_;
  if (std::holds_alternative<BeginAnew>(record.body)) return begin_anew(record.author, timestamp_ms);
  if (!note_author(record)) return {Fate::kRepeated, "a record of this author with this nonce was there before"};
  if (std::holds_alternative<Snapshot>(record.body)) {
    snapshot_ms_ = now_ms_;
    wanted_ms_ = -1;
    return {Fate::kSkipped, {}};
  }
  if (std::holds_alternative<WantSnapshot>(record.body)) {
    wanted_ms_ = now_ms_;
    return {};
  }
  if (std::holds_alternative<Unknown>(record.body)) return {Fate::kSkipped, "its kind is not known"};
  if (record.breaker.empty()) return {};
  Circumstances around{now_ms_, offset, {}};
  for (const auto& [incarnation, instance] : instances_) {
    const bool serves =
        std::find(instance.breakers.begin(), instance.breakers.end(), record.breaker) != instance.breakers.end();
    if (serves && is_alive(incarnation)) around.alive.emplace(incarnation, instance.name);
  }
  if (auto refusal = control::apply(breakers_[record.breaker], record, around)) return {Fate::kRefused, *refusal};
  return {};
}

Applied Fold::begin_anew(const Author& author, std::int64_t timestamp_ms) {
  const bool alone = std::all_of(instances_.begin(), instances_.end(), [&](const auto& each) {
    return each.first == author.incarnation || now_ms_ - each.second.seen_ms >= kNobodyFor.count();
  });
  if (!alone) return {Fate::kRefused, "others are there, who may know the history"};
  instances_.clear();
  breakers_.clear();
  snapshot_ms_ = now_ms_ = timestamp_ms;  // time before is not known to everybody
  wanted_ms_ = -1;
  instances_[author.incarnation] = {author.instance, author.nonce, now_ms_, {}};
  return {};
}

bool Fold::restore(std::string_view state) {
  auto image = decode_image(state);
  if (!image) return false;
  now_ms_ = image->now_ms;
  snapshot_ms_ = image->snapshot_ms;
  wanted_ms_ = image->wanted_ms;
  instances_ = std::move(image->instances);
  breakers_ = std::move(image->breakers);
  return true;
}

std::string Fold::snapshot() const {
  return encode_image({now_ms_, snapshot_ms_, wanted_ms_, instances_, breakers_});
}

bool Fold::operator==(const Fold& other) const {
  return known_ == other.known_ && now_ms_ == other.now_ms_ && snapshot_ms_ == other.snapshot_ms_ &&
         wanted_ms_ == other.wanted_ms_ && instances_ == other.instances_ && breakers_ == other.breakers_;
}

const Breaker* Fold::breaker(const std::string& name) const {
  const auto found = breakers_.find(name);
  return found == breakers_.end() ? nullptr : &found->second;
}

bool Fold::is_alive(std::uint64_t incarnation) const {
  const auto found = instances_.find(incarnation);
  return found != instances_.end() && now_ms_ - found->second.seen_ms < kLease.count();
}

std::size_t Fold::alive(const std::string& breaker) const {
  std::set<std::string> names;
  for (const auto& [incarnation, instance] : instances_) {
    const auto& served = instance.breakers;
    if (is_alive(incarnation) && std::find(served.begin(), served.end(), breaker) != served.end()) {
      names.insert(instance.name);
    }
  }
  return names.size();
}

}  // namespace hubferry::control

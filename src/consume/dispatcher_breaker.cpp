#include <algorithm>
#include <utility>

#include "consume/dispatcher.h"

// What the breaker is told, and what follows from its permit.

namespace hubferry::consume {
namespace {

// An event that is tried for ever counts as failed for good after so many failures, and again after as many more.
constexpr std::uint32_t kFailuresOfTheEndless = 3;

}  // namespace

void Dispatcher::permit(const Permit& permit, Instant now) {
  const Permit before = std::exchange(permit_, permit);
  const bool closes = permit.kind == Permit::Kind::kClosed && before.opened();
  const bool tries = permit.kind == Permit::Kind::kProbe &&
                     (before.kind != Permit::Kind::kProbe || before.generation != permit.generation ||
                      before.partition != permit.partition);
  const bool opens = permit.opened() && !before.opened();
  if (closes || opens) forgive(now);
  if (closes || tries) unavailable_until_ = now;  // somebody wants it tried now
  if (!tries) return;
  probe_serial_ = serial_;
  tally_.state.probe_generation = permit.generation;
  tally_.state.probe_done = 0;
  tally_.state.probe_failure.reset();
}

RouteTally Dispatcher::take_tally() {
  RouteState& state = tally_.state;
  state.unavailable_since = unavailable_since_;
  state.candidate = permit_.kind == Permit::Kind::kClosed ? -1 : candidate();
  state.probe_lost = permit_.kind == Permit::Kind::kProbe && !partitions_.contains(permit_.partition);
  state.probe_idle = in_flight_ == 0;
  RouteTally taken = std::exchange(tally_, RouteTally());
  tally_.state = taken.state;
  return taken;
}

// In turns, so that the next try does not meet the same partition.
std::int32_t Dispatcher::candidate() const {
  std::vector<std::int32_t> numbers;
  for (const Partition* partition : ready_) {
    if (!partition->revoking && !partition->dead_letter_trouble) numbers.push_back(partition->number);
  }
  if (numbers.empty() || stopping_ || paused_) return -1;
  std::sort(numbers.begin(), numbers.end());
  return numbers[permit_.generation % numbers.size()];
}

bool Dispatcher::may_probe() const {
  return !stopping_ && !paused_ && in_flight_ == 0 && !tally_.state.probe_failure &&
         tally_.state.probe_done < permit_.events;
}

// One event, of a lane that has not failed yet if there is one.
std::vector<deliver::Delivery> Dispatcher::next_probe(Instant now) {
  std::vector<deliver::Delivery> batch;
  const auto found = std::find_if(ready_.begin(), ready_.end(),
                                  [this](const Partition* each) { return each->number == permit_.partition; });
  if (!may_probe() || found == ready_.end()) return batch;
  Partition& partition = **found;
  ready_.erase(found);
  partition.listed = false;
  std::uint64_t bytes = 0;
  while (batch.empty() && !partition.ready.empty() && !partition.revoking && !partition.dead_letter_trouble) {
    auto lane = std::find_if(partition.ready.begin(), partition.ready.end(),
                             [](const Lane* each) { return each->first->failures == 0; });
    if (lane == partition.ready.end()) lane = partition.ready.begin();
    Lane& chosen = **lane;
    partition.ready.erase(lane);
    partition.ready_events -= chosen.size;
    if (!divert(partition, chosen, now)) take(partition, chosen, 1, bytes, batch);
  }
  list(partition, now);
  return batch;
}

void Dispatcher::judge_probe(const Slot& slot, const deliver::Outcome& outcome) {
  if (permit_.kind != Permit::Kind::kProbe || slot.serial < probe_serial_) return;
  if (outcome.verdict == deliver::Verdict::kDone) {
    ++tally_.state.probe_done;
  } else if (!tally_.state.probe_failure) {
    tally_.state.probe_failure = outcome.reason;
  }
}

void Dispatcher::count_final(const Item& item, const std::string& reason, Instant now) {
  const bool endless = !keeps_count() && item.failures % kFailuresOfTheEndless == 0;
  const bool last = keeps_count() && item.failures >= options_.retry_attempts;
  if (!last && !endless && !item.rejected) return;
  ++tally_.state.finals;
  tally_.failed(now, reason);
}

bool Dispatcher::may_die(const Letter& letter) const {
  return permit_.kind == Permit::Kind::kClosed && letter.number <= permit_.released;
}

// Those that wait for the breaker's word go to the next owner of their partition with the count of their failures.
bool Dispatcher::awaits_letters(const Partition& partition) const {
  if (partition.letters_at_writer != 0) return true;
  return std::any_of(dead_letters_.begin(), dead_letters_.end(), [&](const Letter& each) {
    return each.letter.id.partition == partition.number && each.letter.id.epoch == partition.epoch && may_die(each);
  });
}

// What could not die while the breaker was not closed gets its attempts anew; also what an earlier owner of the
// partition left behind, read or not.
void Dispatcher::forgive(Instant now) {
  for (Letter& each : std::exchange(dead_letters_, {})) {
    Partition* partition = find(each.letter.id);
    if (partition == nullptr) continue;
    const auto found = partition->dying.find(each.letter.id.offset);
    if (found->second->first->failures == 0) {  // parked: it follows another event
      dead_letters_.push_back(std::move(each));
      continue;
    }
    Lane& lane = *found->second;
    partition->dying.erase(found);
    partition->make_ready(lane, false);
    list(*partition, now);
  }
  for (auto& [number, partition] : partitions_) {
    for (auto at = partition.failing.begin(); at != partition.failing.end();) {
      const auto each = at++;
      if (!partition.dying.contains(each->first) && has_failed_for_good(*each->second)) pardon(partition, each);
    }
    const auto erased = std::erase_if(partition.restored.failures, [this](const auto& each) {
      return each.second >= CommitNote::kRejected || (keeps_count() && each.second >= options_.retry_attempts);
    });
    partition.changed = partition.changed || erased != 0;
  }
}

bool Dispatcher::has_failed_for_good(const Item& item) const {
  return item.rejected || (keeps_count() && item.failures >= options_.retry_attempts);
}

void Dispatcher::pardon(Partition& partition, std::map<std::int64_t, Item*>::iterator failing) {
  Item& item = *failing->second;
  item.failures = item.saved_failures = 0;
  item.rejected = false;
  partition.failing.erase(failing);
  partition.changed = true;
}

}  // namespace hubferry::consume

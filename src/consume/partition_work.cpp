#include "consume/partition_work.h"

namespace hubferry::consume {

std::uint64_t key_hash(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31U);
}

void Partition::append(Lane& lane, std::shared_ptr<Item> item) {
  ++events;
  bytes += item->bytes;
  if (lane.size++ == 0 && lane.state == Lane::State::kIdle) --idle_lanes;
  Item* added = item.get();
  (lane.last == nullptr ? lane.first : lane.last->next) = std::move(item);
  lane.last = added;
}

void Partition::make_ready(Lane& lane, bool first) {
  lane.state = Lane::State::kReady;
  ready_events += lane.size;
  if (first) {
    ready.push_front(&lane);
  } else {
    ready.push_back(&lane);
  }
}

Lane* Partition::finish_first(Lane& lane) {
  const std::shared_ptr<Item> item = std::move(lane.first);
  lane.first = std::move(item->next);
  if (lane.first == nullptr) lane.last = nullptr;
  --lane.size;
  --events;
  bytes -= item->bytes;
  if (item->failures != 0) failing.erase(item->offset);
  checkpoint.finish(item->offset);
  changed = true;
  if (lane.size != 0) return &lane;
  if (idle_lanes < kMostIdleLanes) {
    ++idle_lanes;
    lane.state = Lane::State::kIdle;
  } else {
    lanes.erase(lane.id);
  }
  return nullptr;
}

bool Partition::fits(std::int64_t offset) const {
  return offset - checkpoint.position() < kMostSpan || checkpoint.runs_above() + in_flight < kMostRuns;
}

void Partition::readmit() {
  while (!beyond.empty() && fits(beyond.begin()->first)) {
    Lane* lane = beyond.begin()->second;
    beyond.erase(beyond.begin());
    make_ready(*lane, false);
  }
}

CommitNote Partition::note() const {
  CommitNote note;
  note.partitions_at_start = partitions_at_start;
  note.finished = checkpoint.finished_above();
  for (const auto& [offset, item] : failing) {
    note.failures[offset] = item->failures + (item->rejected ? CommitNote::kRejected : 0U);
  }
  // What was not read again yet is as it was.
  for (const CommitNote::Run& run : restored.finished) {
    if (!note.finished.empty() && run.first <= note.finished.back().last + 1) {
      note.finished.back().last = run.last;
    } else {
      note.finished.push_back(run);
    }
  }
  note.failures.insert(restored.failures.begin(), restored.failures.end());
  note.parked = parked;
  return note;
}

}  // namespace hubferry::consume

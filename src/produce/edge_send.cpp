// What the edge does before and while it sends: reading back, tails, blocks, refused events.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "produce/edge.h"

namespace hubferry::produce {
namespace {

constexpr Milliseconds kReadBackWait{50};
constexpr Milliseconds kRetry{1'000};
constexpr Milliseconds kLearnAgain{250};
constexpr Milliseconds kLongestCalm{120'000};

}  // namespace

// Nothing is sent to a partition before its tail is on disk, nor after a crash before it was read back.
bool ProduceRoad::Edge::ready_to_send(Instant now) {
  if (partitions_ == 0) return false;
  if (needs_read_back_ && !read_back(now)) return false;
  if (!tails_durable_ && !learn_tails(now)) return pump_.partitions() != 0;
  if (pump_.partitions() != partitions_) {
    pump_.set_partition_count(partitions_);
    feedback_.set_partitions(partitions_);
  }
  return true;
}

// True: done with it, one way or the other.
bool ProduceRoad::Edge::read_back(Instant now) {
  if (blind_ || !tails_.complete() || tails_.partitions() == 0) {
    skip_reconcile(route_.reconcile ? "when it was sent, the topic could not be read" : "produce.*.reconcile is off");
    return true;
  }
  if (!reading_back_) {
    if (tails_.partitions() > partitions_) tails_.resize(partitions_);  // the topic was made anew
    const Milliseconds held_back(
        std::clamp<std::int64_t>(tails_.calm_at_ms() - wall_clock_ms(), 0, kLongestCalm.count()));
    reader_.begin(tails_, spool_.sources(), held_back);
    reading_back_ = true;
    spdlog::info("route {}: reading back what has landed of {} events, for at least {} ms", route_.name,
                 spool_.statistics().unacknowledged, (held_back + route_.reconcile_settle).count());
  }
  const auto state = reader_.step(now, kReadBackWait);
  if (state == ReadBack::State::kBusy) return false;
  landed_ = reader_.take_landed();
  std::uint64_t found = 0;
  for (const auto& [source, landed] : landed_) found += landed.size();
  spdlog::info("route {}: read back; {} events of this spool are in the topic behind the last acknowledgement",
               route_.name, found);
  if (state == ReadBack::State::kGivenUp) skip_reconcile(reader_.why());
  reading_back_ = false;
  needs_read_back_ = false;
  return true;
}

void ProduceRoad::Edge::skip_reconcile(const std::string& why) {
  needs_read_back_ = false;
  report_.reconcile_skipped();
  spdlog::warn(
      "route {}: what landed in the topic is not known ({}), so events that were in flight may be stored twice",
      route_.name, why);
}

bool ProduceRoad::Edge::learn_tails(Instant now) {
  if (now < learn_at_) return false;
  learn_at_ = now + kLearnAgain;
  if (blind_) return go_blind();
  const auto ends = reader_.end_offsets(partitions_);
  if (!ends) {
    if (ends.error().disposition != Disposition::kReject) {
      problem_ = ends.error().message;
      return false;
    }
    spdlog::warn("route {}: {}; after a crash, events that were in flight will be stored twice", route_.name,
                 ends.error().message);
    blind_ = true;
    return go_blind();
  }
  reader_.close();
  Tails next = tails_;
  next.resize(partitions_);
  next.learn(*ends);
  spool_.attach(next.encode());
  if (const auto persisted = spool_.persist_position(now, true); !persisted) {
    problem_ = persisted.error().message;
    return false;
  }
  tails_ = std::move(next);
  tails_durable_ = true;
  learn_at_ = {};
  return true;
}

// The attachment then says that something may have been sent, though not where to look for it.
bool ProduceRoad::Edge::go_blind() {
  tails_.resize(partitions_);
  spool_.attach(tails_.encode());
  if (const auto persisted = spool_.persist_position(SteadyClock::now(), true); !persisted) {
    problem_ = persisted.error().message;
    return false;
  }
  tails_durable_ = true;
  return true;
}

bool ProduceRoad::Edge::pump(Instant now) {
  bool sent = false;
  if (now < paced_until_) return false;
  for (;;) {
    if (const auto* record = pump_.head()) {
      if (!may_send(*record)) return sent;
      switch (producer_->send(*record)) {
        case kafka::Producer::Send::kQueued:
          pump_.sent();
          sent = true;
          continue;
        case kafka::Producer::Send::kQueueFull:
          queue_full_ = true;
          return sent;
        case kafka::Producer::Send::kUnknownPartition:
          problem_ = "topic " + route_.topic + " has no partition " + std::to_string(record->partition) +
                     ", which event " + std::to_string(record->ticket) + " names";
          refresh_at_ = std::min(refresh_at_, SteadyClock::now() + kRetry);
          return sent;
        case kafka::Producer::Send::kFailed:
          if (take_refusal()) return true;
          rebuild_reason_ = "the producer does not take event " + std::to_string(record->ticket) + ": " +
                            producer_->last_error().message;
          return sent;
      }
    }
    if (!add_block(now)) return sent;
  }
}

// Past a refusal, and until the last event that was refused with it, one at a time.
bool ProduceRoad::Edge::may_send(const kafka::Producer::Record& record) {
  if (careful_until_ == 0) return true;
  if (record.ticket > careful_until_) {
    if (producer_->in_flight() != 0) return false;
    careful_until_ = 0;
    spdlog::info("route {}: past the events that were refused", route_.name);
    producer_.reset();  // nothing is in it; the next one gathers batches again
    return false;
  }
  return producer_->in_flight() == 0;
}

// The client itself refused the record at the head, for good: the stream goes on without it.
bool ProduceRoad::Edge::take_refusal() {
  const Error error = producer_->last_error();
  if (error.disposition != Disposition::kReject) return false;
  report_.failed(error);
  const std::uint64_t sequence = pump_.head()->ticket;
  refuse(sequence, error.message);
  pump_.sent();
  pump_.acknowledged(sequence);
  return true;
}

bool ProduceRoad::Edge::add_block(Instant now) {
  while (const auto damaged = pump_.take_damaged()) {
    refuse(*damaged, "the spool's record cannot be decoded");
    pump_.acknowledged(*damaged);
  }
  if (!to_refuse_.empty() || now < read_at_ || !pump_.wants_block()) return false;
  auto block = spool_.next();
  if (!block) {
    problem_ = block.error().message;
    read_at_ = now + kRetry;
    return false;
  }
  if (!*block) return false;
  take_landed(**block);
  pump_.add_block(std::move(*block), [this](std::uint64_t sequence) { return spool_.acknowledged(sequence); });
  return true;
}

void ProduceRoad::Edge::take_landed(const spool::Block& block) {
  const auto source = landed_.find(block.source());
  if (source == landed_.end()) return;
  auto& landed = source->second;
  auto at = std::lower_bound(landed.begin(), landed.end(), block.first_sequence(),
                             [](const auto& l, std::uint64_t sequence) { return l.sequence < sequence; });
  std::uint64_t found = 0;
  for (; at != landed.end() && at->sequence <= block.last_sequence(); ++at) {
    if (spool_.acknowledged(at->sequence)) continue;
    spool_.acknowledge(at->sequence);
    feedback_.acknowledged(at->sequence, {at->partition, at->offset});
    ++found;
  }
  report_.reconciled(found);
  if (at == landed.end()) landed_.erase(source);
}

// `reason` and the event are kept as soon as the disk takes them; until then nothing more is sent.
void ProduceRoad::Edge::refuse(std::uint64_t sequence, const std::string& reason) {
  const auto held = pump_.held(sequence);
  RefusedEvent event;
  event.sequence = sequence;
  event.source = held ? held->source : 0;
  event.frame = held ? held->frame : std::string_view();
  event.topic = route_.topic;
  event.reason = reason;
  event.time_ms = wall_clock_ms();
  spdlog::error("route {}: event {} is refused for good and goes to {}: {}", route_.name, sequence,
                refused_file_.path().string(), reason);
  to_refuse_.push_back({sequence, refused_line(event)});
}

// False: there is something that the disk did not take.
bool ProduceRoad::Edge::keep_refused(Instant now) {
  if (to_refuse_.empty()) return true;
  if (now < refuse_at_) return false;
  while (!to_refuse_.empty()) {
    const Refused& refused = to_refuse_.front();
    if (const auto kept = refused_file_.add(refused.text); !kept) {
      problem_ = "a refused event cannot be kept, so sending waits: " + kept.error().message;
      refuse_at_ = now + kRetry;
      return false;
    }
    spool_.acknowledge(refused.sequence);
    report_.refused();
    to_refuse_.erase(to_refuse_.begin());
  }
  problem_.reset();
  return true;
}

}  // namespace hubferry::produce

#include "ctl/replayer.h"

#include <algorithm>
#include <ostream>

#include "ctl/key_effect.h"
#include "ctl/table.h"

namespace hubferry::ctl {
namespace {

constexpr std::size_t kMostFlights = 10'000;
constexpr std::uint64_t kMostBytes = 64ULL * 1024 * 1024;
constexpr Milliseconds kSaveEvery{5'000};
constexpr Milliseconds kWait{50};
constexpr std::uint64_t kMostMessages = 5;

std::uint64_t bytes_of(const event::Record& record) {
  std::uint64_t bytes = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  for (const auto& header : record.headers) bytes += header.name.size() + (header.value ? header.value->size() : 0);
  return bytes;
}

std::string letter_text(const event::Record& record) {
  return "dead letter " + std::to_string(record.partition) + '@' + std::to_string(record.offset);
}

}  // namespace

class Replayer::Target final : public kafka::Producer::Listener {
 public:
  Target(Replayer& owner, std::unique_ptr<kafka::Producer> producer, std::int32_t partitions,
         config::Partitioner partitioner)
      : owner_(owner), producer_(std::move(producer)), partitions_(partitions), partitioner_(partitioner) {}

  kafka::Producer& producer() { return *producer_; }
  std::int32_t partition_of(const Flight& flight) const {
    return replay_partition(flight.record, *flight.info, flight.topic, partitioner_, partitions_);
  }

  void on_acknowledged(std::uint64_t ticket, std::int32_t, std::int64_t) override { owner_.acknowledged(ticket); }
  void on_failed(std::uint64_t ticket, const Error& error) override { owner_.failed(ticket, error); }
  void on_fatal(const Error& error) override { owner_.stop(error); }
  void on_throttled(Milliseconds) override {}
  void on_statistics(std::uint32_t) override {}

 private:
  Replayer& owner_;
  std::unique_ptr<kafka::Producer> producer_;
  const std::int32_t partitions_;
  const config::Partitioner partitioner_;
};

Replayer::Replayer(Desk& desk, Session& session, DeadLetterTopic& topic, const ReplayRules& rules, bool from_start)
    : desk_(desk),
      session_(session),
      topic_(topic),
      rules_(rules),
      from_start_(from_start),
      ranges_(ranges_of(topic, from_start)),
      known_(topic.notes),
      next_(topic.positions.size()),
      left_(size_of(ranges_)),
      moved_(SteadyClock::now()),
      saved_(moved_) {
  for (const auto& range : ranges_) next_[static_cast<std::size_t>(range.partition)] = range.first;
}

Replayer::~Replayer() = default;

Status Replayer::run() {
  if (ranges_.empty()) return {};
  const HeldSignals signals;
  if (auto status = check_unchanged(); !status) return status;  // an operator may have thought for long
  if (auto status = open_reader(); !status) return status;
  Progress progress(session_.output.error, session_.output.error_is_terminal, left_, SteadyClock::now());
  while ((going_ && !reader_->done()) || !flights_.empty()) {
    step(signals);
    const Instant now = SteadyClock::now();
    progress.show(left_ + flights_.size(), now);
    if (now - moved_ < desk_.timeout) continue;
    stop({ErrorCode::kTimeout,
          "nothing moved for " + age_text(desk_.timeout.count()) + (trouble_.empty() ? "" : ": " + trouble_)});
    break;
  }
  progress.finish(left_ + flights_.size(), SteadyClock::now());
  counts_.unknown += flights_.size();
  if (going_) {
    for (const auto& range : ranges_) {
      const auto partition = static_cast<std::size_t>(range.partition);
      topic_.notes[partition].settle(next_[partition], range.end);  // offsets without a record
    }
  }
  save_or_stop();
  return going_;
}

Status Replayer::open_reader() {
  auto reader = session_.clients.reader(desk_.settings.consumer_properties, topic_.name, ranges_);
  if (!reader) return tl::make_unexpected(reader.error());
  reader_ = std::move(*reader);
  return {};
}

void Replayer::step(const HeldSignals& signals) {
  std::size_t moved = 0;
  const bool reads = going_ && !reader_->done() && has_room();
  if (reads) moved += read();
  moved += poll(moved != 0 ? Milliseconds(0) : kWait);
  const Instant now = SteadyClock::now();
  if (moved != 0) moved_ = now;
  if (const char* name = signals.wait(Milliseconds(0))) {
    stop({ErrorCode::kClosed, std::string("ended by ") + name});
  }
  if (now - saved_ >= kSaveEvery) save_or_stop();
}

bool Replayer::has_room() const {
  return flights_.size() < kMostFlights && bytes_ < kMostBytes;
}

std::size_t Replayer::read() {
  std::vector<event::Record> records;
  const auto status = reader_->read(flights_.empty() ? kWait : Milliseconds(0), records);
  if (!status) {
    trouble_ = status.error().message;
    if (status.error().disposition != Disposition::kRetry) stop(status.error());
  }
  const std::size_t count = records.size();
  for (auto& record : records) {
    if (!going_) break;
    take(std::move(record));
  }
  return count;
}

void Replayer::take(event::Record record) {
  std::int64_t& next = next_[static_cast<std::size_t>(record.partition)];
  note_of(record).settle(next, record.offset);  // offsets without a record
  left_ -= std::min(left_, static_cast<std::uint64_t>(record.offset + 1 - next));
  next = record.offset + 1;
  auto info = read_dead_letter(record);
  const ReplayFate fate = fate_of(record, info, rules_);
  if (fate == ReplayFate::kForeign) note_of(record).settle(record.offset, record.offset + 1);
  if (fate != ReplayFate::kReplay) return counts_.count(fate, info);
  if (!from_start_ && known_[static_cast<std::size_t>(record.partition)].settled(record.offset)) {
    ++counts_.before;
    return;
  }
  auto flight = std::make_unique<Flight>();
  flight->record = std::move(record);
  flight->topic = rules_.to.empty() ? info->topic : rules_.to;
  flight->replays = std::to_string(info->replays + 1);
  flight->headers = replayed_headers(flight->record, flight->replays, topic_.route->name);
  flight->info = std::move(info);
  flight->bytes = bytes_of(flight->record);
  send(std::move(flight));
}

void Replayer::send(std::unique_ptr<Flight> flight) {
  Target* target = this->target(flight->topic);
  if (target == nullptr) return;  // stopped: it stays open
  kafka::Producer::Record out;
  out.partition = target->partition_of(*flight);
  out.key = flight->record.key;
  out.value = flight->record.value.value_or(std::string_view());
  out.tombstone = !flight->record.value;
  out.headers = flight->headers;
  out.ticket = next_ticket_++;
  bytes_ += flight->bytes;
  flights_.emplace(out.ticket, std::move(flight));
  using Send = kafka::Producer::Send;
  const Instant deadline = SteadyClock::now() + desk_.timeout;
  for (;;) {
    const Send sent = target->producer().send(out);
    if (sent == Send::kQueued) return;
    if (sent == Send::kFailed) return failed(out.ticket, target->producer().last_error());
    (void)target->producer().poll(kWait, *target);
    if (going_ && SteadyClock::now() < deadline) continue;
    const std::string why = sent == Send::kQueueFull ? "the client's queue stays full" : "the partition has no leader";
    return failed(out.ticket, {ErrorCode::kTimeout, why, Disposition::kRetry});
  }
}

Replayer::Target* Replayer::target(const std::string& topic) {
  if (const auto found = targets_.find(topic); found != targets_.end()) return found->second.get();
  if (topic == topic_.name) {
    stop({ErrorCode::kInvalid, "topic " + topic + " is the dead-letter topic itself; --to names another"});
    return nullptr;
  }
  auto producer = session_.clients.producer(desk_.settings.producer_properties, topic);
  if (!producer) {
    stop(producer.error());
    return nullptr;
  }
  const auto partitions = (*producer)->partition_count(desk_.timeout);
  if (!partitions) {
    Error error = partitions.error();
    if (error.code == ErrorCode::kNotFound) error.message += "; --to names another topic";
    stop(std::move(error));
    return nullptr;
  }
  const auto partitioner = partitioner_of(desk_.settings, topic);
  auto made = std::make_unique<Target>(*this, std::move(*producer), *partitions, partitioner);
  return targets_.emplace(topic, std::move(made)).first->second.get();
}

std::size_t Replayer::poll(Milliseconds timeout) {
  std::size_t reports = 0;
  for (const auto& [name, target] : targets_) {
    const bool waits = target->producer().in_flight() != 0;
    reports += target->producer().poll(waits && reports == 0 ? timeout : Milliseconds(0), *target);
  }
  return reports;
}

void Replayer::stop(Error error) {
  if (going_) going_ = tl::make_unexpected(std::move(error));
}

Status Replayer::check_unchanged() {
  const auto now = desk_.admin->positions(topic_.replay_group, topic_.name, std::nullopt, desk_.timeout);
  if (!now) return tl::make_unexpected(now.error());
  for (std::size_t i = 0; i < topic_.positions.size(); ++i) {
    const kafka::PartitionPosition& known = topic_.positions[i];
    if (i < now->size() && (*now)[i].committed == known.committed && (*now)[i].metadata == known.metadata) continue;
    return fail(ErrorCode::kConflict, "another replay of the route " + topic_.route->name +
                                          " runs, or somebody changed the checkpoints of group " + topic_.replay_group);
  }
  return {};
}

// Reads again before it writes: another replay of the route must not be overwritten.
Status Replayer::save() {
  if (auto status = check_unchanged(); !status) return status;
  std::vector<kafka::PartitionOffset> changed;
  forgotten_ = 0;
  for (std::size_t i = 0; i < topic_.positions.size(); ++i) {
    const kafka::PartitionPosition& known = topic_.positions[i];
    const auto saved = topic_.notes[i].save();
    forgotten_ += saved.forgotten;
    const std::int64_t start = topic_.notes[i].start();
    if (start == std::max<std::int64_t>(0, known.committed) && saved.metadata == known.metadata) continue;
    changed.push_back({static_cast<std::int32_t>(i), start, saved.metadata});
  }
  if (changed.empty()) return {};
  if (auto status = desk_.admin->set_committed(topic_.replay_group, topic_.name, changed, desk_.timeout); !status) {
    return status;
  }
  for (const auto& offset : changed) {
    auto& known = topic_.positions[static_cast<std::size_t>(offset.partition)];
    known.committed = offset.offset;
    known.metadata = offset.metadata;
  }
  return {};
}

void Replayer::save_or_stop() {
  saved_ = SteadyClock::now();
  auto status = save();
  if (status) return;
  Error error = status.error();
  error.message = "what was replayed cannot be saved: " + error.message + "; some events may come twice";
  stop(std::move(error));
}

ReplayNote& Replayer::note_of(const event::Record& record) {
  return topic_.notes[static_cast<std::size_t>(record.partition)];
}

void Replayer::acknowledged(std::uint64_t ticket) {
  const auto found = flights_.find(ticket);
  if (found == flights_.end()) return;
  const Flight& flight = *found->second;
  note_of(flight.record).settle(flight.record.offset, flight.record.offset + 1);
  counts_.count(ReplayFate::kReplay, flight.info);
  bytes_ -= flight.bytes;
  flights_.erase(found);
}

void Replayer::failed(std::uint64_t ticket, const Error& error) {
  const auto found = flights_.find(ticket);
  if (found == flights_.end()) return;
  const bool rejected = error.disposition == Disposition::kReject;
  if (rejected && counts_.rejected++ < kMostMessages) {
    session_.output.error << letter_text(found->second->record) << " stays: " << found->second->topic
                          << " does not take it: " << error.message << '\n';
  }
  if (!rejected) {
    ++counts_.unknown;
    stop(error);
  }
  bytes_ -= found->second->bytes;
  flights_.erase(found);
}

}  // namespace hubferry::ctl

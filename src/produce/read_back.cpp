#include "produce/read_back.h"

#include <utility>

#include "event/origin.h"

namespace hubferry::produce {
namespace {

constexpr Milliseconds kAskTimeout{1'000};
constexpr Milliseconds kAskAgain{250};

}  // namespace

Status ReadBack::open() {
  if (reader_) return {};
  auto reader = kafka::TailReader::create(properties_, topic_, std::string(event::kOriginHeader));
  if (!reader) return tl::make_unexpected(reader.error());
  reader_ = std::move(*reader);
  return {};
}

Result<std::vector<std::int64_t>> ReadBack::end_offsets(std::int32_t partitions) {
  if (auto opened = open(); !opened) return tl::make_unexpected(opened.error());
  return reader_->end_offsets(partitions, kAskTimeout);
}

void ReadBack::begin(const Tails& tails, std::vector<std::uint64_t> sources, Milliseconds held_back) {
  options_.held_back = held_back;
  reader_.reset();
  machine_.reset();
  final_error_.reset();
  trouble_.reset();
  ask_at_ = {};
  tails_ = tails;
  sources_ = std::move(sources);
}

ReadBack::State ReadBack::give_up(const Error& error) {
  why_ = error.message;
  reader_.reset();
  return State::kGivenUp;
}

ReadBack::State ReadBack::step(Instant now, Milliseconds wait) {
  now_ = now;
  if (!machine_ && !start(now)) return final_error_ ? give_up(*final_error_) : State::kBusy;
  (void)reader_->poll(wait, *this);
  if (final_error_) return give_up(*final_error_);
  switch (machine_->need(now)) {
    case Reconcile::Need::kNothing:
      reader_.reset();
      return State::kDone;
    case Reconcile::Need::kTooMuch:
      return give_up(
          {ErrorCode::kTooLarge, std::to_string(machine_->records()) +
                                     " records were read back and the end was not reached (reconcile.max-records)"});
    case Reconcile::Need::kEndOffsets:
      if (now < ask_at_) return State::kBusy;
      if (const auto ends = end_offsets(tails_.partitions()); ends) {
        machine_->ends(*ends, now);
      } else {
        ask_at_ = now + kAskAgain;
        on_error(ends.error());
      }
      return State::kBusy;
    case Reconcile::Need::kRecords:
      break;
  }
  return State::kBusy;
}

bool ReadBack::start(Instant now) {
  if (now < ask_at_) return false;
  ask_at_ = now + kAskAgain;
  const auto ends = end_offsets(tails_.partitions());
  if (!ends) {
    on_error(ends.error());
    return false;
  }
  tails_.learn(*ends);
  machine_.emplace(options_, tails_, *ends, sources_, now);
  for (std::int32_t p = 0; p < tails_.partitions(); ++p) {
    if (auto started = reader_->start(p, machine_->start_of(p)); !started) {
      machine_.reset();
      reader_.reset();
      on_error(started.error());
      return false;
    }
  }
  return true;
}

std::map<std::uint64_t, std::vector<Reconcile::Landed>> ReadBack::take_landed() {
  if (!machine_) return {};
  auto landed = machine_->take_landed();
  machine_.reset();
  return landed;
}

void ReadBack::on_record(std::int32_t partition, std::int64_t offset, std::optional<std::string_view> header) {
  trouble_.reset();
  machine_->record(partition, offset, header ? event::decode_origin(*header) : std::nullopt, now_);
}

void ReadBack::on_error(const Error& error) {
  trouble_ = error.message;
  if (error.disposition == Disposition::kReject) final_error_ = error;
}

}  // namespace hubferry::produce

#include "spool/reader.h"

#include <algorithm>

namespace hubferry::spool {
namespace {

// A read that fails this often in a row is taken for a damaged disk, and what cannot be read for lost.
constexpr int kMaxFailedReads = 3;

}  // namespace

Reader::Reader(Shared& shared, PositionFile position_file, Position restored)
    : shared_(shared),
      position_file_(std::move(position_file)),
      tracker_(restored.low_water, restored.acknowledged),
      restored_(std::move(restored.acknowledged)),
      restored_attachment_(restored.attachment),
      attachment_(restored.attachment),
      complete_attachment_(std::move(restored.attachment)) {}

void Reader::start() {
  std::uint64_t stored = 0;
  for (const auto& segment : shared_.segments) stored += segment.end - kSegmentHeaderBytes;
  shared_.counters.stored_bytes = stored;
  shared_.counters.low_water = tracker_.low_water();
  if (!shared_.segments.empty()) low_.segment = shared_.segments.front().first_sequence;
  release_settled();
  shared_.counters.unacknowledged = count_waiting(std::exchange(restored_, {}));

  // Steps over the blocks of the first segment that are below the low-water mark.
  std::int64_t oldest_ms = -1;
  if (!shared_.segments.empty() && open_segment(shared_.segments.front())) {
    const SegmentInfo& front = shared_.segments.front();
    auto bad = front.bad.begin();
    while (low_.offset < front.end) {
      if (bad != front.bad.end() && bad->from == low_.offset) {
        if (bad->missing.last > tracker_.low_water()) break;
        low_.offset = (bad++)->to;
        continue;
      }
      const auto header = scanner_->header_at(low_.offset, front.end);
      if (header) oldest_ms = header->written_ms;
      if (!header || header->last_sequence() > tracker_.low_water()) break;
      low_.offset += header->stored_bytes();
    }
    shared_.counters.stored_bytes -= low_.offset - kSegmentHeaderBytes;
  }
  if (shared_.counters.unacknowledged != 0) shared_.counters.oldest_ms = oldest_ms;
  rewind();
}

std::uint64_t Reader::count_waiting(const std::vector<SequenceRange>& acknowledged) const {
  std::uint64_t waiting = 0;
  const SequenceRange above{tracker_.low_water() + 1, UINT64_MAX};
  for (const auto& segment : shared_.segments) {
    std::uint64_t here = overlap(segment.sequences(), above);
    for (const auto& bad : segment.bad) here -= overlap(bad.missing, above);
    for (const auto& range : acknowledged) {
      here -= overlap(segment.sequences(), range);
      for (const auto& bad : segment.bad) here += overlap(bad.missing, range);
    }
    waiting += here;
  }
  return waiting;
}

Result<std::shared_ptr<const Block>> Reader::next() {
  for (;;) {
    Step now = step();
    switch (now.kind) {
      case Step::Kind::kExhausted:
        return nullptr;
      case Step::Kind::kMoved:
        continue;
      case Step::Kind::kHandedOver:
        if (take(*now.handover.block, now.handover.end)) return std::move(now.handover.block);
        continue;
      case Step::Kind::kOnDisk:
        break;
    }
    if (skip_bad_range(now.segment)) continue;
    auto block = read_block(now);
    if (!block) return block;
    if (!*block) {
      set_aside(now);
    } else if (take(**block, cursor_.offset + block_bytes((*block)->bytes()))) {
      return block;
    }
  }
}

Reader::Step Reader::step() {
  Step result;
  const std::lock_guard lock(shared_.mutex);
  const auto& segments = shared_.segments;
  auto at = std::lower_bound(segments.begin(), segments.end(), cursor_.segment,
                             [](const SegmentInfo& s, std::uint64_t key) { return s.first_sequence < key; });
  const bool here = at != segments.end() && at->first_sequence == cursor_.segment;
  const bool over = here && cursor_.offset >= at->end && (at->bad.empty() || cursor_.sequence > at->last_sequence);
  if (!here || over) {
    if (over) ++at;
    if (at == segments.end()) {
      shared_.exhausted = true;
      return result;
    }
    cursor_ = {at->first_sequence, kSegmentHeaderBytes, at->first_sequence};
    result.kind = Step::Kind::kMoved;
    return result;
  }
  auto& handover = shared_.handover;
  const auto behind = [&](const Handover& h) {
    return h.segment < cursor_.segment || (h.segment == cursor_.segment && h.offset < cursor_.offset);
  };
  while (!handover.empty() && behind(handover.front())) {
    shared_.handover_bytes -= handover.front().block->bytes();
    handover.pop_front();
  }
  result.limit = at->end;
  result.rest = {cursor_.sequence, at->last_sequence};
  if (!handover.empty() && handover.front().segment == cursor_.segment) {
    if (handover.front().offset == cursor_.offset) {
      result.kind = Step::Kind::kHandedOver;
      result.handover = std::move(handover.front());
      shared_.handover_bytes -= result.handover.block->bytes();
      handover.pop_front();
      return result;
    }
    result.limit = handover.front().offset;
    result.rest.last = handover.front().block->first_sequence() - 1;
  }
  for (const auto& bad : at->bad) {
    if (bad.from <= cursor_.offset || bad.from > result.limit) continue;
    result.limit = bad.from;
    result.rest.last = std::min(result.rest.last, bad.missing.first - 1);
  }
  result.kind = Step::Kind::kOnDisk;
  result.segment = *at;
  return result;
}

bool Reader::skip_bad_range(const SegmentInfo& segment) {
  for (const auto& bad : segment.bad) {
    if (bad.from != cursor_.offset) continue;
    const bool skips = bad.to > cursor_.offset || (!bad.missing.empty() && cursor_.sequence <= bad.missing.last);
    if (!skips) continue;
    cursor_.offset = bad.to;
    if (!bad.missing.empty()) {
      cursor_.sequence = bad.missing.last + 1;
      (void)tracker_.give_up(bad.missing, {cursor_.segment, bad.to, -1});
      settle();
    }
    return true;
  }
  return false;
}

Status Reader::open_segment(const SegmentInfo& segment) {
  if (scanner_ && scanned_segment_ == segment.first_sequence) return {};
  auto file = shared_.files.open(shared_.options.directory / segment.name, false);
  if (!file) return tl::make_unexpected(file.error());
  file_ = std::move(*file);
  scanner_.emplace(*file_, segment.id);
  scanned_segment_ = segment.first_sequence;
  return {};
}

Result<std::shared_ptr<const Block>> Reader::read_block(const Step& step) {
  if (auto status = open_segment(step.segment); !status) {
    status.error().disposition = Disposition::kRetry;
    return tl::make_unexpected(status.error());
  }
  auto block = scanner_->block_at(cursor_.offset, step.limit);
  auto error = scanner_->read_error();
  if (error && !block && ++failed_reads_ < kMaxFailedReads) {
    scanner_.reset();
    error->disposition = Disposition::kRetry;
    return tl::make_unexpected(*error);
  }
  failed_reads_ = 0;
  if (block && (block->first_sequence() > cursor_.sequence || block->last_sequence() < cursor_.sequence))
    return nullptr;
  return block;
}

bool Reader::take(const Block& block, std::uint64_t end) {
  cursor_.offset = end;
  cursor_.sequence = block.last_sequence() + 1;
  const SequenceRange range{block.first_sequence(), block.last_sequence()};
  const bool first = tracker_.oldest_ms() < 0;
  if (tracker_.add(range, {cursor_.segment, end, block.written_ms()}) != 0) {
    if (first) update_oldest(-1);
    return true;
  }
  settle();
  return false;
}

// The block at the cursor is not what was written: everything up to the next whole block, or up to the limit, is lost.
void Reader::set_aside(const Step& step) {
  BadRange bad{cursor_.offset, step.limit, step.rest};
  if (const auto found = scanner_->find(cursor_.offset, step.limit, cursor_.sequence)) {
    bad.to = found->offset;
    bad.missing.last = found->header.first_sequence - 1;
  }
  const auto& directory = shared_.options.directory;
  const auto status = quarantine(shared_.files, directory, step.segment.name, *file_, bad.from, bad.to);
  scanner_.reset();
  {
    const std::lock_guard lock(shared_.mutex);
    for (auto& segment : shared_.segments) {
      if (segment.first_sequence == cursor_.segment) segment.bad.push_back(bad);
    }
  }
  ++shared_.counters.quarantined;
  shared_.notice("bytes " + std::to_string(bad.from) + " to " + std::to_string(bad.to) + " of " +
                 (directory / step.segment.name).string() + " are corrupt; " + std::to_string(bad.missing.size()) +
                 " records from " + std::to_string(bad.missing.first) + " are missing" +
                 (status ? "; a copy is in quarantine/" : "; no copy: " + status.error().message));
  if (!bad.missing.empty()) {
    shared_.counters.unacknowledged -= tracker_.give_up(bad.missing, {cursor_.segment, bad.to, -1});
  }
}

void Reader::rewind() {
  cursor_ = low_;
  cursor_.sequence = tracker_.low_water() + 1;
  const std::lock_guard lock(shared_.mutex);
  for (const auto& segment : shared_.segments) {
    if (segment.first_sequence != low_.segment) continue;
    cursor_.sequence = std::max(cursor_.sequence, segment.first_sequence);
  }
}

void Reader::acknowledge(std::uint64_t sequence) {
  if (!tracker_.acknowledge(sequence)) return;
  --shared_.counters.unacknowledged;
  position_changed_ = true;
  settle();
}

void Reader::settle() {
  bool moved = false;
  std::int64_t last_ms = -1;
  while (const auto place = tracker_.pop_settled()) {
    free_bytes(*place);
    last_ms = std::max(last_ms, place->written_ms);
    moved = true;
  }
  if (!moved) return;
  position_changed_ = true;
  release_settled();
  shared_.counters.low_water = tracker_.low_water();
  update_oldest(last_ms);
}

void Reader::update_oldest(std::int64_t floor_ms) {
  const std::lock_guard lock(shared_.mutex);  // against the writer, which sets it with its first block
  auto& counters = shared_.counters;
  if (counters.unacknowledged == 0) {
    counters.oldest_ms = -1;
  } else if (const std::int64_t in_flight = tracker_.oldest_ms(); in_flight >= 0) {
    counters.oldest_ms = in_flight;
  } else if (floor_ms >= 0) {
    counters.oldest_ms = floor_ms;  // what waits is unread and a little younger
  }
}

void Reader::free_bytes(const AckTracker::Place& place) {
  if (place.segment != low_.segment) {
    release_settled();
    const std::lock_guard lock(shared_.mutex);
    if (shared_.segments.empty() || shared_.segments.front().first_sequence != place.segment) return;  // went with all
    if (place.segment != low_.segment) low_ = {place.segment, kSegmentHeaderBytes, 1};
  }
  shared_.counters.stored_bytes -= place.end - low_.offset;
  low_.offset = place.end;
}

void Reader::release_settled() {
  while (release_front()) {
  }
}

// A segment goes after the position was saved, so that a restart which finds it gone knows that this is right, and
// which sequences were used. Without space for the position it goes first, which makes space, if another one knows
// those.
bool Reader::release_front() {
  SegmentInfo front;
  bool last = false;
  {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.segments.empty()) return false;
    front = shared_.segments.front();
    const bool settled = front.sequences().empty() || front.last_sequence <= tracker_.low_water();
    if (!front.sealed || !settled) return false;
    last = shared_.segments.size() == 1;
    tracker_.raise(last ? shared_.counters.durable.load() : shared_.segments[1].starts_after);
    shared_.counters.low_water = tracker_.low_water();
  }
  position_changed_ = true;
  if (const auto status = save_position(); !status && (last || status.error().code != ErrorCode::kFull)) return false;
  {
    const std::lock_guard lock(shared_.mutex);
    shared_.segments.pop_front();
    const std::uint64_t settled_to = low_.segment == front.first_sequence ? low_.offset : kSegmentHeaderBytes;
    shared_.counters.stored_bytes -= front.end - settled_to;
    low_ = {shared_.segments.empty() ? 0 : shared_.segments.front().first_sequence, kSegmentHeaderBytes, 1};
  }
  if (scanned_segment_ == front.first_sequence) scanner_.reset();
  remove(front);
  return true;
}

// The rename is durable before the file gets a new header: a crash never shows new content under the old name.
void Reader::remove(const SegmentInfo& segment) {
  const auto& directory = shared_.options.directory;
  std::string spare;
  if (segment.recyclable) {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.spares.size() < kMaxSpares) spare = spare_name(shared_.next_spare++);
  }
  if (!spare.empty() && shared_.files.rename(directory / segment.name, directory / spare)) {
    if (shared_.files.sync_directory(directory)) {
      const std::lock_guard lock(shared_.mutex);
      shared_.spares.push_back(spare);
      return;
    }
    (void)shared_.files.remove(directory / spare);
    return;
  }
  if (auto status = shared_.files.remove(directory / segment.name); !status) {
    shared_.notice("a segment that is not needed any more stays until the next start: " + status.error().message);
  }
}

Position Reader::position() {
  Position position;
  position.low_water = tracker_.low_water();
  position.durable = shared_.counters.durable;
  position.next_sequence = shared_.counters.next_sequence;  // read after durable: it is never below
  position.acknowledged = tracker_.ranges(PositionFile::kMaxRanges + 1);
  if (position.acknowledged.size() <= PositionFile::kMaxRanges) complete_attachment_ = attachment_;
  position.attachment = complete_attachment_;
  return position;
}

void Reader::attach(std::string attachment) {
  if (attachment == attachment_) return;
  attachment_ = std::move(attachment);
  position_changed_ = true;
}

Status Reader::persist(Instant now, bool force) {
  if (!position_changed_ || (!force && now - position_saved_ < shared_.options.position_interval)) return {};
  position_saved_ = now;
  auto status = save_position();
  if (status) release_settled();  // what could not go because an earlier save failed
  return status;
}

Status Reader::save_position() {
  auto status = position_file_.save(position());
  if (status) {
    position_changed_ = false;
  } else if (!position_failing_) {
    shared_.notice("the acknowledged position could not be saved, a restart would send more again: " +
                   status.error().message);
  }
  position_failing_ = !status;
  return status;
}

void Reader::close() {
  position_changed_ = true;  // the next sequence and the last durable one may be news
  (void)persist(position_saved_, true);
}

}  // namespace hubferry::spool

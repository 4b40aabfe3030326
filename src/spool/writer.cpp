#include "spool/writer.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "base/ids.h"
#include "base/thread.h"

namespace hubferry::spool {
namespace {

// A larger group would delay its first waiters without being cheaper per byte.
constexpr std::uint64_t kGroupBytes = 4ULL << 20;

}  // namespace

Writer::Writer(Shared& shared, std::uint64_t source, std::uint64_t next_sequence, std::uint64_t durable)
    : shared_(shared), source_(source), next_sequence_(next_sequence), durable_(durable) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::start() {
  thread_ = std::thread([this] { run(); });
}

void Writer::append(RecordBatch batch, Spool::Done done) {
  const auto& options = shared_.options;
  const std::uint64_t size = batch.bytes().size();
  const std::string where = " in the spool " + options.directory.string();
  const auto refusal = [&](ErrorCode code, std::string message, Disposition disposition) {
    refused_.push_back({Error{code, std::move(message), disposition}, std::move(done)});
  };
  {
    const std::lock_guard lock(mutex_);
    if (stop_) {
      refusal(ErrorCode::kClosed, "shutting down: nothing is accepted any more" + where, Disposition::kRetry);
    } else if (batch.count() == 0) {
      refusal(ErrorCode::kInvalid, "a batch without records cannot be kept" + where, Disposition::kReject);
    } else if (block_bytes(size) > options.segment_bytes - kSegmentHeaderBytes) {
      refusal(ErrorCode::kTooLarge,
              "a batch of " + std::to_string(size) + " bytes does not fit a segment" + where +
                  "; send smaller batches or raise spool.segment-bytes",
              Disposition::kReject);
    } else if (shared_.counters.stored_bytes + pending_bytes_ + size > options.max_bytes) {
      refusal(ErrorCode::kFull, "no room" + where + ": what it holds waits for the broker; see spool.max-bytes",
              Disposition::kRetry);
    } else if (pending_bytes_ + size > options.pending_bytes) {
      refusal(ErrorCode::kFull, "the disk does not keep up" + where + ": too much waits for its sync",
              Disposition::kRetry);
    } else {
      pending_bytes_ += size;
      pending_.push_back({std::move(batch), std::move(done)});
    }
  }
  work_.notify_one();
}

void Writer::on_readable(std::function<void()> callback) {
  const std::lock_guard lock(callback_mutex_);
  readable_ = std::move(callback);
}

void Writer::call_readable() {
  const std::lock_guard lock(callback_mutex_);
  if (readable_) readable_();
}

void Writer::run() {
  name_thread("spool-writer");
  std::vector<Pending> group;
  while (wait()) {
    complete_refused();
    group = take(take_group());
    if (!group.empty()) commit(group);
  }
  complete_refused();
}

// False: asked to stop, and nothing is left to do. Without traffic a spool that failed would never find out that the
// disk works again, and nobody sends to an instance that is not ready: so it tries by itself.
bool Writer::wait() {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return stop_ || !pending_.empty() || !refused_.empty(); };
  while (!shared_.counters.writable && !work_.wait_for(lock, shared_.options.retry_interval, ready)) {
    lock.unlock();
    (void)open_segment();
    lock.lock();
  }
  work_.wait(lock, ready);
  return !stop_ || !pending_.empty() || !refused_.empty();
}

void Writer::complete_refused() {
  std::vector<Refused> refused;
  {
    const std::lock_guard lock(mutex_);
    refused.swap(refused_);
  }
  for (auto& one : refused) one.done(tl::make_unexpected(std::move(one.error)));
}

// How many batches go into the next block: what fits the segment, at least one.
std::size_t Writer::take_group() {
  const std::lock_guard lock(mutex_);
  if (pending_.empty()) return 0;
  const std::uint64_t first = block_bytes(pending_.front().batch.bytes().size());
  const std::uint64_t room = active_ ? active_->room() : 0;
  const std::uint64_t fits = first <= room ? room : shared_.options.segment_bytes - kSegmentHeaderBytes;
  const std::uint64_t limit = std::min(fits, std::max(kGroupBytes, first));
  std::uint64_t payload = 0;
  std::size_t count = 0;
  for (const auto& pending : pending_) {
    payload += pending.batch.bytes().size();
    if (block_bytes(payload) > limit) break;
    ++count;
  }
  return count;
}

std::vector<Writer::Pending> Writer::take(std::size_t count) {
  const std::lock_guard lock(mutex_);
  const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Pending> group(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
  pending_.erase(pending_.begin(), end);
  return group;
}

void Writer::commit(Group group) {
  std::uint64_t payload_bytes = 0;
  std::uint32_t count = 0;
  for (const auto& pending : group) {
    payload_bytes += pending.batch.bytes().size();
    count += pending.batch.count();
  }
  const std::uint64_t bytes = block_bytes(payload_bytes);
  if (auto status = make_room(bytes); !status) {
    refuse(group, status.error());
    return;
  }
  const std::uint64_t first = next_sequence_;
  const std::int64_t now_ms = wall_clock_ms();
  auto storage = build(group, count, payload_bytes, now_ms);
  next_sequence_ += count;
  shared_.counters.next_sequence = next_sequence_;
  if (auto status = active_->append({storage.get(), bytes}); !status) {
    abandon_segment(status.error());
    refuse(group, Error{ErrorCode::kIo, "not stored: " + status.error().message, Disposition::kRetry});
    return;
  }
  durable_ = next_sequence_ - 1;
  const std::string_view frames(storage.get() + kBlockHeaderBytes, payload_bytes);
  auto block = std::make_shared<const Block>(source_, 0U, first, count, now_ms, std::move(storage), frames);
  tell_companion(group, first);
  publish(std::move(block), bytes, payload_bytes);
  complete(group, first);
}

Status Writer::make_room(std::uint64_t bytes) {
  if (active_ && bytes <= active_->room()) return {};
  return open_segment();
}

Status Writer::open_segment() {
  const auto& options = shared_.options;
  ActiveSegment::Plan plan;
  plan.bytes = options.segment_bytes;
  plan.header = {random_id(), next_sequence_, durable_, shared_.counters.low_water, source_, wall_clock_ms()};
  {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.spares.empty()) {
      plan.temporary_name = spare_name(shared_.next_spare++);
    } else {
      plan.temporary_name = std::move(shared_.spares.back());
      shared_.spares.pop_back();
    }
  }
  bool named = false;
  auto created = ActiveSegment::create(shared_.files, options.directory, plan, named);
  if (!created) {
    if (named) seal_active();
    Error error = created.error();
    error.disposition = Disposition::kRetry;
    if (error.code == ErrorCode::kFull) {
      error.message += "; free space in " + options.directory.string() + " or lower spool.max-bytes";
    } else {
      error.code = ErrorCode::kIo;
      if (shared_.counters.writable) shared_.notice("no new segment could be made: " + error.message);
      ++shared_.counters.sync_failures;
      shared_.counters.writable = false;
    }
    return tl::make_unexpected(error);
  }
  seal_active();
  active_ = std::move(*created);
  const std::lock_guard lock(shared_.mutex);
  SegmentInfo info;
  info.name = segment_name(plan.header.first_sequence);
  info.id = plan.header.id;
  info.first_sequence = plan.header.first_sequence;
  info.last_sequence = info.first_sequence - 1;
  info.starts_after = plan.header.starts_after;
  shared_.segments.push_back(std::move(info));
  shared_.counters.writable = true;
  return {};
}

void Writer::seal_active() {
  active_.reset();
  const std::lock_guard lock(shared_.mutex);
  if (!shared_.segments.empty()) shared_.segments.back().sealed = true;
}

std::unique_ptr<char[]> Writer::build(Group group, std::uint32_t count, std::uint64_t payload_bytes,
                                      std::int64_t now_ms) {
  const std::uint64_t bytes = block_bytes(payload_bytes);
  auto storage = std::make_unique_for_overwrite<char[]>(bytes);
  char* to = storage.get() + kBlockHeaderBytes;
  for (const auto& pending : group) {
    const auto frames = pending.batch.bytes();
    std::memcpy(to, frames.data(), frames.size());
    to += frames.size();
  }
  std::memset(to, 0, bytes - kBlockHeaderBytes - payload_bytes);
  BlockHeader header;
  header.payload_crc = crc32c(storage.get() + kBlockHeaderBytes, payload_bytes);
  header.payload_bytes = static_cast<std::uint32_t>(payload_bytes);
  header.segment_id = active_->id();
  header.first_sequence = next_sequence_;
  header.source = source_;
  header.low_water = shared_.counters.low_water;
  header.written_ms = now_ms;
  header.count = count;
  encode_block_header(header, storage.get());
  return storage;
}

void Writer::tell_companion(Group group, std::uint64_t first) {
  CommitCompanion* const companion = shared_.options.companion;
  if (companion == nullptr) return;
  std::vector<CommitCompanion::Noted> noted;
  for (const auto& pending : group) {
    const std::uint64_t last = first + pending.batch.count() - 1;
    if (!pending.batch.note().empty()) noted.push_back({pending.batch.note(), first, last, source_});
    first = last + 1;
  }
  if (noted.empty()) return;
  if (auto status = companion->committed(noted); !status) shared_.notice(status.error().message);
}

void Writer::publish(std::shared_ptr<const Block> block, std::uint64_t bytes, std::uint64_t payload_bytes) {
  auto& counters = shared_.counters;
  {
    const std::lock_guard lock(mutex_);
    pending_bytes_ -= payload_bytes;
    counters.stored_bytes += bytes;
  }
  bool waited = false;
  {
    const std::lock_guard lock(shared_.mutex);
    SegmentInfo& segment = shared_.segments.back();
    const std::uint64_t offset = segment.end;
    segment.end += bytes;
    segment.last_sequence = block->last_sequence();
    counters.durable = durable_;
    if (counters.unacknowledged == 0) counters.oldest_ms = block->written_ms();
    counters.unacknowledged += block->count();
    ++counters.commits;
    if (shared_.handover_bytes + payload_bytes <= shared_.options.handover_bytes) {
      shared_.handover_bytes += payload_bytes;
      shared_.handover.push_back({segment.first_sequence, offset, segment.end, std::move(block)});
    }
    waited = std::exchange(shared_.exhausted, false);
  }
  if (waited) call_readable();
}

// Never written, synced nor used again: which of its last pages the disk holds is unknown.
void Writer::abandon_segment(const Error& error) {
  ++shared_.counters.sync_failures;
  shared_.counters.writable = false;
  std::string name;
  {
    const std::lock_guard lock(shared_.mutex);
    shared_.segments.back().recyclable = false;
    name = shared_.segments.back().name;
  }
  seal_active();
  shared_.notice("a block could not be stored, segment " + name + " is closed for ever: " + error.message +
                 "; check the disk");
}

void Writer::complete(Group group, std::uint64_t first) {
  for (auto& pending : group) {
    const Receipt receipt{source_, first, first + pending.batch.count() - 1};
    first += pending.batch.count();
    pending.batch = {};
    pending.done(receipt);
  }
}

void Writer::refuse(Group group, const Error& error) {
  std::uint64_t bytes = 0;
  for (const auto& pending : group) bytes += pending.batch.bytes().size();
  {
    const std::lock_guard lock(mutex_);
    pending_bytes_ -= bytes;
  }
  for (auto& pending : group) pending.done(tl::make_unexpected(error));
}

}  // namespace hubferry::spool

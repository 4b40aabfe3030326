#include "ingest/idempotency_log.h"

#include <utility>

#include "event/frame.h"
#include "ingest/idempotency_note.h"

namespace hubferry::ingest {
namespace {

IdempotencyFiles::Limits limits_of(const IdempotencyLog::Options& options) {
  return {.window_ms = options.window.count(), .max_keys = options.max_keys};
}

}  // namespace

IdempotencyLog::IdempotencyLog(spool::FileSystem& files, Options options, observe::Metrics& metrics,
                               const std::string& route)
    : options_(std::move(options)),
      repeats_(metrics.counter("hubferry_idempotency_repeats_total",
                               "Requests answered from their Idempotency-Key; nothing was stored.",
                               {{"route", route}})),
      conflicts_(metrics.counter("hubferry_idempotency_conflicts_total",
                                 "Requests refused with 422: their Idempotency-Key belongs to another content.",
                                 {{"route", route}})),
      evicted_(metrics.counter("hubferry_idempotency_evicted_total",
                               "Idempotency-Keys forgotten before their window passed, because of "
                               "idempotency.max-keys.",
                               {{"route", route}})),
      corrupt_(metrics.counter("hubferry_idempotency_corrupt_records_total",
                               "Records of the log of Idempotency-Keys that failed their check and were skipped.",
                               {{"route", route}})),
      keys_(metrics.gauge("hubferry_idempotency_keys", "Idempotency-Keys remembered.", {{"route", route}})),
      files_(files, options_.directory, limits_of(options_)) {}

std::vector<std::string> IdempotencyLog::load(const spool::Spool& spool) {
  const std::int64_t now_ms = options_.now_ms();
  const std::lock_guard lock(mutex_);
  auto loaded = files_.load(now_ms, [&](const IdempotencyRecord& record) {
    if (now_ms - record.time_ms < options_.window.count()) remember(record);
  });
  if (loaded.corrupt != 0) {
    corrupt_.Increment(static_cast<double>(loaded.corrupt));
    loaded.problems.push_back(std::to_string(loaded.corrupt) + " Idempotency-Keys in " + options_.directory.string() +
                              " fail their check and are forgotten");
  }
  recover_last_block(spool, now_ms, loaded.problems);
  return std::move(loaded.problems);
}

// Of all durable blocks only the last one can have notes that did not get into the files.
void IdempotencyLog::recover_last_block(const spool::Spool& spool, std::int64_t now_ms,
                                        std::vector<std::string>& problems) {
  const auto block = spool.last_block();
  if (!block) return;
  event::OutboundEvent event;
  for (spool::RecordCursor cursor(*block); !cursor.done(); cursor.advance()) {
    if (!event::decode_frame(cursor.record(), event)) continue;
    const auto note = decode_note(event.note);
    if (!note) continue;
    const spool::Receipt receipt{block->source(), cursor.sequence(), cursor.sequence() + note->count - 1};
    const IdempotencyRecord record{note->key, note->content, receipt, block->written_ms()};
    if (now_ms - record.time_ms >= options_.window.count() || knows(record)) continue;
    remember(record);
    pending_.push_back(record);
  }
  if (pending_.empty()) return;
  if (auto written = write(now_ms); !written) problems.push_back(written.error().message);
}

IdempotencyLog::Admission IdempotencyLog::admit(const Fingerprint& key, const Fingerprint& content,
                                                const Waiter& waiter) {
  const std::int64_t now_ms = options_.now_ms();
  const std::lock_guard lock(mutex_);
  forget_expired(now_ms);
  const auto conflict = [this] {
    conflicts_.Increment();
    return Admission{Verdict::kConflict, {}};
  };
  if (const auto first = under_way_.find(key); first != under_way_.end()) {
    if (first->second.content != content) return conflict();
    first->second.waiters.push_back(waiter);
    repeats_.Increment();
    return {Verdict::kWaiting, {}};
  }
  if (const auto known = known_.find(key); known != known_.end()) {
    if (known->second.content != content) return conflict();
    repeats_.Increment();
    return {Verdict::kRepeat, known->second.receipt};
  }
  under_way_.emplace(key, UnderWay{content, {}});
  return {};
}

void IdempotencyLog::settle(const Fingerprint& key, const Result<spool::Receipt>& outcome) {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto found = under_way_.find(key);
    if (found == under_way_.end()) return;
    waiters = std::move(found->second.waiters);
    under_way_.erase(found);
  }
  for (const Waiter& waiter : waiters) waiter(outcome);
}

Status IdempotencyLog::committed(std::span<const Noted> noted) {
  const std::int64_t now_ms = options_.now_ms();
  {
    const std::lock_guard lock(mutex_);
    for (const Noted& one : noted) {
      const auto note = decode_note(one.note);
      if (!note) continue;
      const spool::Receipt receipt{one.source, one.first, one.last};
      pending_.push_back({note->key, note->content, receipt, now_ms});
      remember(pending_.back());
    }
  }
  return pending_.empty() ? Status() : write(now_ms);
}

Status IdempotencyLog::write(std::int64_t now_ms) {
  if (pending_.size() > options_.max_keys) {
    pending_.erase(pending_.begin(), pending_.end() - static_cast<std::ptrdiff_t>(options_.max_keys));
  }
  if (auto appended = files_.append(pending_, now_ms); !appended) {
    Error error = appended.error();
    error.message =
        std::to_string(pending_.size()) +
        " Idempotency-Keys are not on disk and would be forgotten by a restart (their events are stored): " +
        error.message + "; check the disk";
    return tl::make_unexpected(std::move(error));
  }
  pending_.clear();
  return {};
}

bool IdempotencyLog::knows(const IdempotencyRecord& record) {
  const auto found = known_.find(record.key);
  return found != known_.end() && found->second.receipt.source == record.receipt.source &&
         found->second.receipt.first == record.receipt.first;
}

void IdempotencyLog::remember(const IdempotencyRecord& record) {
  known_.insert_or_assign(record.key, Known{record.content, record.receipt, record.time_ms});
  ages_.push_back({record.key, record.time_ms});
  while (known_.size() > options_.max_keys) {
    const std::size_t before = known_.size();
    forget_oldest();
    if (known_.size() < before) evicted_.Increment();
  }
  keys_.Set(static_cast<double>(known_.size()));
}

void IdempotencyLog::forget_expired(std::int64_t now_ms) {
  const std::size_t before = known_.size();
  while (!ages_.empty() && now_ms - ages_.front().time_ms >= options_.window.count()) forget_oldest();
  if (known_.size() != before) keys_.Set(static_cast<double>(known_.size()));
}

// A key that was remembered again since is not the oldest.
void IdempotencyLog::forget_oldest() {
  const auto found = known_.find(ages_.front().key);
  if (found != known_.end() && found->second.time_ms == ages_.front().time_ms) known_.erase(found);
  ages_.pop_front();
}

}  // namespace hubferry::ingest

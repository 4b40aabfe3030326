#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "ingest/idempotency_files.h"
#include "ingest/idempotency_record.h"
#include "observe/metrics.h"
#include "spool/spool.h"

namespace hubferry::ingest {

// Remembers which Idempotency-Key got which receipt, for one route's spool: in memory, about 150 bytes a key, and in
// files beside the segments. A key is known from the commit of its request on, also after a restart; the note in the
// frame of the request's first event covers a crash between the two syncs. It is forgotten after `window`, or when more
// than `max_keys` are remembered, the oldest first.
// Threads: admit() and settle() from any, committed() on the spool's writer thread, load() before both.
class IdempotencyLog final : public spool::CommitCompanion {
 public:
  struct Options {
    std::filesystem::path directory;  // the spool's
    Milliseconds window{600'000};
    std::uint32_t max_keys = 1'000'000;
    std::function<std::int64_t()> now_ms = wall_clock_ms;
  };
  // `route` labels the metrics.
  IdempotencyLog(spool::FileSystem& files, Options options, observe::Metrics& metrics, const std::string& route);

  // After the spool was opened (it holds the directory's lock) and before its first append(). Never fails: what cannot
  // be read is told by the returned lines and forgotten.
  std::vector<std::string> load(const spool::Spool& spool);

  // Called once, on the thread of settle(), without a lock held; must not block.
  using Waiter = std::function<void(const Result<spool::Receipt>&)>;
  enum class Verdict {
    kNew,       // store it and then call settle(); `waiter` was not taken
    kRepeat,    // it was stored before: `receipt` is the first answer's
    kWaiting,   // the first one is being stored: `waiter` gets its outcome
    kConflict,  // the key belongs to a request with another content
  };
  struct Admission {
    Verdict verdict = Verdict::kNew;
    spool::Receipt receipt;
  };
  Admission admit(const Fingerprint& key, const Fingerprint& content, const Waiter& waiter);
  // The outcome of a request admitted as kNew. After an error its key is free again.
  void settle(const Fingerprint& key, const Result<spool::Receipt>& outcome);

  // An error means that the keys are known until the next restart; they are written again with the next ones.
  Status committed(std::span<const Noted> noted) override;

 private:
  struct Known {
    Fingerprint content;
    spool::Receipt receipt;
    std::int64_t time_ms = 0;
  };
  struct UnderWay {
    Fingerprint content;
    std::vector<Waiter> waiters;
  };
  struct Age {
    Fingerprint key;
    std::int64_t time_ms = 0;
  };

  void remember(const IdempotencyRecord& record);
  void forget_expired(std::int64_t now_ms);
  void forget_oldest();
  bool knows(const IdempotencyRecord& record);
  void recover_last_block(const spool::Spool& spool, std::int64_t now_ms, std::vector<std::string>& problems);
  Status write(std::int64_t now_ms);

  const Options options_;
  prometheus::Counter& repeats_;
  prometheus::Counter& conflicts_;
  prometheus::Counter& evicted_;
  prometheus::Counter& corrupt_;
  prometheus::Gauge& keys_;
  IdempotencyFiles files_;                  // writer thread
  std::vector<IdempotencyRecord> pending_;  // writer thread; committed and not yet durable here

  std::mutex mutex_;  // guards what follows
  std::unordered_map<Fingerprint, Known, FingerprintHash> known_;
  std::deque<Age> ages_;  // of known_, by commit
  std::unordered_map<Fingerprint, UnderWay, FingerprintHash> under_way_;
};

}  // namespace hubferry::ingest

#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "spool/block.h"
#include "spool/file_system.h"
#include "spool/record_batch.h"

namespace hubferry::spool {

// What the promise of a receipt stands on besides the block. Called on the writer thread, after the block's sync and
// before its receipts are given and its records may be read: so of all durable blocks at most the last one can be
// unknown to the companion (see Spool::last_block).
class CommitCompanion {
 public:
  struct Noted {
    std::string_view note;  // of the batch; batches without a note are left out
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t source = 0;
  };
  virtual ~CommitCompanion() = default;
  // Makes the notes durable. An error takes nothing back: the records are stored; it becomes a notice.
  virtual Status committed(std::span<const Noted> noted) = 0;
};

struct Options {
  std::filesystem::path directory;             // created if missing (its parent must exist or be creatable)
  std::uint64_t max_bytes = 10ULL << 30;       // of records kept on disk; more: append() fails with kFull
  std::uint64_t segment_bytes = 64ULL << 20;   // 1 MiB..4 GiB; larger than the largest batch
  std::uint64_t pending_bytes = 64ULL << 20;   // handed in and not yet synced; more: kFull
  std::uint64_t handover_bytes = 32ULL << 20;  // synced blocks kept in memory for the reader
  Milliseconds position_interval{1'000};       // the acknowledged position is persisted at most this often
  Milliseconds retry_interval{1'000};          // after a failed sync a new segment is tried so often without traffic
  CommitCompanion* companion = nullptr;        // outlives the spool
};

// What append() promises once it succeeded: the records are on disk under these sequences.
struct Receipt {
  std::uint64_t source = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct Statistics {
  std::uint64_t stored_bytes = 0;        // on disk, not yet released
  std::uint64_t unacknowledged = 0;      // records
  std::int64_t oldest_ms = -1;           // wall time of the oldest unacknowledged block; -1: none
  std::uint64_t low_water = 0;           // every sequence up to it is acknowledged
  std::uint64_t last_sequence = 0;       // durable
  std::uint64_t commits = 0;             // group commits (one fdatasync each)
  std::uint64_t quarantined_blocks = 0;  // corrupt blocks set aside since open
  std::uint64_t sync_failures = 0;
};

// A durable queue of records in segment files; format and invariants: README.md in this folder.
// Threads: append() and statistics() from any; one writer thread inside gathers what came in, writes one block, syncs
// once and completes all its waiters; everything under "reader" belongs to one thread, the produce road's pump.
class Spool {
 public:
  using Done = std::function<void(const Result<Receipt>&)>;  // called on the writer thread; must not block

  // Opens or creates; finds the records that were never acknowledged; takes the directory's lock (kConflict: another
  // process holds it). Corruption does not keep it from opening: see quarantined_blocks and notices().
  static Result<std::unique_ptr<Spool>> open(FileSystem& file_system, const Options& options);
  virtual ~Spool() = default;  // completes what was handed in, persists the position, joins the writer

  // All records of the batch or none. `done` gets the receipt after the sync, or why not: kFull (nothing stored, try
  // later), kTooLarge (the batch does not fit a segment), kIo (not stored; that segment is closed for ever), kClosed.
  virtual void append(RecordBatch batch, Done done) = 0;
  virtual Statistics statistics() const = 0;
  // What the operator should know since the last call: repaired tails, quarantined blocks, failed syncs.
  virtual std::vector<std::string> notices() = 0;
  // Sources of the records found at open() and the own one: a source is one opening of a spool.
  virtual std::vector<std::uint64_t> sources() const = 0;
  // The newest durable block found at open(); null: there was none, or it cannot be read.
  virtual std::shared_ptr<const Block> last_block() const = 0;
  // False after a failed sync until a later one succeeded in a new segment.
  virtual bool writable() const = 0;

  // ---- reader
  // Called on the writer thread (and must not block) whenever there is something new behind an exhausted next(). Null
  // ends it: once on_readable(nullptr) returned, the earlier callback is not running and is never called again.
  virtual void on_readable(std::function<void()> callback) = 0;
  // The next block in sequence, or null when there is none yet. Blocks may contain records that were acknowledged
  // before a restart: ask acknowledged(). A corrupt block is set aside and the one behind it returned. Once a block was
  // returned its records wait for acknowledge().
  virtual Result<std::shared_ptr<const Block>> next() = 0;
  // Reading starts again behind the low-water mark (the producer was rebuilt).
  virtual void rewind() = 0;
  virtual bool acknowledged(std::uint64_t sequence) const = 0;
  // In any order; twice is harmless. Releases segments and, at most once per position_interval, persists the position.
  virtual void acknowledge(std::uint64_t sequence) = 0;
  // Persists the position and the attachment if one changed and the interval passed, or at once with `force`.
  virtual Status persist_position(Instant now, bool force) = 0;

  // What the sender needs to know about the records that are not acknowledged; persisted together with the position, in
  // one write. At most kMaxAttachment bytes. A position that names fewer acknowledged records than there are (too many
  // ranges) keeps the attachment of the one before.
  static constexpr std::size_t kMaxAttachment = 32 * 1024;
  virtual void attach(std::string attachment) = 0;
  // As found at open(); empty: none.
  virtual const std::string& attachment() const = 0;
};

}  // namespace hubferry::spool

#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ingest/idempotency_record.h"
#include "spool/file_system.h"

namespace hubferry::ingest {

// The durable half of the IdempotencyLog: files of one generation after the other, written at the end only. A
// generation is removed when no record of it can count any more: all are older than the window, or as many newer ones
// as may be remembered lie in later generations. So at most about twice `max_keys` records are on disk, and nothing is
// ever compacted. A file of an earlier start is never written again. Not thread-safe.
class IdempotencyFiles {
 public:
  struct Limits {
    std::int64_t window_ms = 0;
    std::uint64_t max_keys = 0;
  };
  IdempotencyFiles(spool::FileSystem& files, std::filesystem::path directory, Limits limits)
      : files_(files), directory_(std::move(directory)), limits_(limits) {}

  struct Loaded {
    std::uint64_t corrupt = 0;          // records whose CRC fails with sound ones behind them
    std::vector<std::string> problems;  // files that cannot be read, for the operator
  };
  // Gives all records in the order they were written. A torn tail is left out.
  Loaded load(std::int64_t now_ms, const std::function<void(const IdempotencyRecord&)>& visit);

  // Durable when it returns without an error. After an error the next call makes a new file.
  Status append(std::span<const IdempotencyRecord> records, std::int64_t now_ms);

 private:
  struct Generation {
    std::uint64_t number = 0;
    std::uint64_t records = 0;  // durable
    std::int64_t oldest_ms = 0;
    std::int64_t newest_ms = 0;
  };

  void load_generation(std::uint64_t number, std::int64_t now_ms, Loaded& loaded,
                       const std::function<void(const IdempotencyRecord&)>& visit);
  Status open_generation();
  void remove_obsolete(std::int64_t now_ms);

  spool::FileSystem& files_;
  const std::filesystem::path directory_;
  const Limits limits_;
  std::deque<Generation> generations_;  // rising; the last one is written if file_ is open
  std::uint64_t next_number_ = 1;
  std::unique_ptr<spool::File> file_;
  std::uint64_t end_ = 0;  // of file_
};

}  // namespace hubferry::ingest

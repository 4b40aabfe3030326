#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "spool/segment.h"
#include "spool/spool.h"

namespace hubferry::spool {

// What statistics() tells, written by the thread named and read by all.
struct Counters {
  std::atomic<std::uint64_t> stored_bytes{0};
  std::atomic<std::uint64_t> unacknowledged{0};
  std::atomic<std::int64_t> oldest_ms{-1};
  std::atomic<std::uint64_t> low_water{0};      // reader
  std::atomic<std::uint64_t> next_sequence{1};  // writer
  std::atomic<std::uint64_t> durable{0};        // writer; last_sequence
  std::atomic<std::uint64_t> commits{0};        // writer
  std::atomic<std::uint64_t> quarantined{0};    // reader
  std::atomic<std::uint64_t> sync_failures{0};  // writer
  std::atomic<bool> writable{true};             // writer
};

// A synced block that waits in memory for the reader.
struct Handover {
  std::uint64_t segment = 0;  // first sequence of its segment
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
  std::shared_ptr<const Block> block;
};

// What the writer thread and the reader's thread have in common. The mutex is never held during I/O or a callback.
struct Shared {
  Shared(FileSystem& file_system, const Options& spool_options) : files(file_system), options(spool_options) {}

  FileSystem& files;
  const Options options;
  Counters counters;

  std::mutex mutex;                  // guards what follows
  std::deque<SegmentInfo> segments;  // rising; the writer adds at the back, the reader removes at the front
  std::vector<std::string> spares;
  std::uint64_t next_spare = 0;
  std::deque<Handover> handover;  // rising
  std::uint64_t handover_bytes = 0;
  bool exhausted = true;  // the reader found nothing: tell it about the next block
  std::vector<std::string> notices;

  // Keeps the oldest kMaxNotices until somebody asks for them.
  void notice(std::string text) {
    constexpr std::size_t kMaxNotices = 1000;
    const std::lock_guard lock(mutex);
    if (notices.size() < kMaxNotices) notices.push_back(std::move(text));
  }
};

inline constexpr std::size_t kMaxSpares = 2;

}  // namespace hubferry::spool

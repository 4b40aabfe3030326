#pragma once
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "spool/format.h"
#include "spool/spool.h"
#include "unit/spool/fault_file_system.h"

namespace hubferry::spool::test {

struct Delivered {
  std::uint64_t sequence = 0;
  std::string bytes;
  std::uint64_t source = 0;

  bool operator==(const Delivered&) const = default;
};

inline RecordBatch batch_of(const std::vector<std::string>& records) {
  RecordBatch batch;
  for (const auto& record : records) {
    char* to = batch.add(static_cast<std::uint32_t>(record.size()));
    record.copy(to, record.size());
  }
  return batch;
}

inline std::future<Result<Receipt>> append_later(Spool& spool, const std::vector<std::string>& records) {
  auto promise = std::make_shared<std::promise<Result<Receipt>>>();
  auto future = promise->get_future();
  spool.append(batch_of(records), [promise](const Result<Receipt>& result) { promise->set_value(result); });
  return future;
}

inline Result<Receipt> append(Spool& spool, const std::vector<std::string>& records) {
  return append_later(spool, records).get();
}

inline std::vector<Delivered> records_of(const Block& block) {
  std::vector<Delivered> records;
  for (RecordCursor cursor(block); !cursor.done(); cursor.advance()) {
    records.push_back({cursor.sequence(), std::string(cursor.record()), block.source()});
  }
  return records;
}

// Reads until nothing is left, without the records that are acknowledged already.
inline std::vector<Delivered> read_all(Spool& spool) {
  std::vector<Delivered> all;
  for (;;) {
    const auto block = spool.next();
    if (!block) {
      ADD_FAILURE() << block.error().message;
      return all;
    }
    if (!*block) return all;
    for (auto& record : records_of(**block)) {
      if (!spool.acknowledged(record.sequence)) all.push_back(std::move(record));
    }
  }
}

inline std::vector<std::string> texts(const std::vector<Delivered>& records) {
  std::vector<std::string> texts;
  for (const auto& record : records) texts.push_back(record.bytes);
  return texts;
}

inline std::vector<std::uint64_t> sequences(const std::vector<Delivered>& records) {
  std::vector<std::uint64_t> sequences;
  for (const auto& record : records) sequences.push_back(record.sequence);
  return sequences;
}

// A spool on a disk in memory, with segments small enough to fill.
struct Bench {
  FaultFileSystem files;
  Options options;
  std::unique_ptr<Spool> spool;

  explicit Bench(std::uint64_t seed = 1) : files(seed) {
    options.directory = "/spool";
    options.segment_bytes = kMinSegmentBytes;  // 24 blocks of one sector
    options.max_bytes = 1 << 20;
    options.retry_interval = Milliseconds(1);
    open();
  }

  void open() {
    auto opened = Spool::open(files, options);
    ASSERT_TRUE(opened) << opened.error().message;
    spool = std::move(*opened);
  }
  void reopen() {
    spool.reset();
    open();
  }
  // The power fails now.
  void crash() {
    files.power_off_after(0);
    spool.reset();
    files.crash();
    open();
  }
  void kill() {
    files.power_off_after(0);
    spool.reset();
    files.kill();
    open();
  }

  std::vector<std::string> names_like(const std::string& part) {
    std::vector<std::string> found;
    for (const auto& name : files.names(options.directory)) {
      if (name.find(part) != std::string::npos) found.push_back(name);
    }
    return found;
  }
  std::vector<std::string> segments() {
    std::vector<std::string> found;
    for (const auto& name : files.names(options.directory)) {
      if (parse_segment_name(name)) found.push_back(name);
    }
    return found;
  }
  std::filesystem::path path(const std::string& name) const { return options.directory / name; }
};

}  // namespace hubferry::spool::test

#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace hubferry::spool {

// One group commit as it was synced: immutable, shared between the writer, the reader and librdkafka, which reads
// record bytes in place. Alive until the last of them lets go.
class Block {
 public:
  Block(std::uint64_t source, std::uint32_t epoch, std::uint64_t first_sequence, std::uint32_t count,
        std::int64_t written_ms, std::unique_ptr<char[]> storage, std::string_view frames)
      : source_(source),
        first_sequence_(first_sequence),
        written_ms_(written_ms),
        epoch_(epoch),
        count_(count),
        storage_(std::move(storage)),
        frames_(frames) {}

  std::uint64_t source() const { return source_; }
  std::uint32_t epoch() const { return epoch_; }
  std::uint64_t first_sequence() const { return first_sequence_; }
  std::uint64_t last_sequence() const { return first_sequence_ + count_ - 1; }
  std::uint32_t count() const { return count_; }
  std::int64_t written_ms() const { return written_ms_; }
  std::size_t bytes() const { return frames_.size(); }
  std::string_view frames() const { return frames_; }

 private:
  std::uint64_t source_;
  std::uint64_t first_sequence_;
  std::int64_t written_ms_;
  std::uint32_t epoch_;
  std::uint32_t count_;
  std::unique_ptr<char[]> storage_;
  std::string_view frames_;  // into storage_
};

// Walks a block's records in sequence. The block must outlive it.
class RecordCursor {
 public:
  RecordCursor() = default;
  explicit RecordCursor(const Block& block) : rest_(block.frames()), sequence_(block.first_sequence()) {}

  bool done() const { return rest_.empty(); }
  std::uint64_t sequence() const { return sequence_; }
  std::string_view record() const { return rest_.substr(sizeof(std::uint32_t), load_le<std::uint32_t>(rest_.data())); }
  void advance() {
    rest_.remove_prefix(sizeof(std::uint32_t) + load_le<std::uint32_t>(rest_.data()));
    ++sequence_;
  }

 private:
  std::string_view rest_;
  std::uint64_t sequence_ = 0;
};

}  // namespace hubferry::spool

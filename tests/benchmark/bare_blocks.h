// What passes through the bare pipeline: blocks of records, one a group commit.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace bare {

struct Session;
using Sessions = std::vector<std::shared_ptr<Session>>;

struct Segment {
  int descriptor = -1;
  std::uint32_t blocks = 0;  // not yet acknowledged
};

struct BlockHeader {
  std::uint32_t bytes = 0, crc = 0;
  std::uint64_t first = 0;
  std::uint32_t count = 0, unused = 0;
};

struct RecordHeader {
  std::uint32_t value = 0, key = 0;  // bytes of each; the key comes first
  std::int32_t partition = 0;
};

struct Block {
  std::string bytes = std::string(sizeof(BlockHeader), '\0');
  Sessions sessions;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t waiting = 0;  // for their reports
  Segment* segment = nullptr;
  std::size_t at = 0, size = 0;
  std::size_t counted = 0;  // in in_memory
};
using BlockPtr = std::unique_ptr<Block>;

inline std::atomic<std::uint64_t> accepted{0}, acknowledged{0}, failed{0};
inline std::atomic<std::size_t> in_memory{0};

inline void count(Block& block) {
  block.counted = block.bytes.empty() ? 0 : block.bytes.capacity();
  in_memory += block.counted;
}

// Blocks to use again, with the memory they have; a few, and none that grew large.
class Pool {
 public:
  BlockPtr take() {
    const std::lock_guard lock(mutex_);
    if (blocks_.empty()) return std::make_unique<Block>();
    auto block = std::move(blocks_.back());
    blocks_.pop_back();
    return block;
  }
  void give(BlockPtr block) {
    if (block->bytes.capacity() > kMostKept) return;
    block->bytes.resize(sizeof(BlockHeader));
    block->count = 0;
    const std::lock_guard lock(mutex_);
    if (blocks_.size() < kMost) blocks_.push_back(std::move(block));
  }

 private:
  static constexpr std::size_t kMostKept = 16UL << 20;
  static constexpr std::size_t kMost = 8;
  std::mutex mutex_;
  std::vector<BlockPtr> blocks_;
};
inline Pool pool;

// A queue of blocks from one thread to one other.
class Blocks {
 public:
  void put(BlockPtr block) {
    {
      const std::lock_guard lock(mutex_);
      blocks_.push_back(std::move(block));
    }
    changed_.notify_one();
  }
  std::deque<BlockPtr> take(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return !blocks_.empty(); });
    return std::exchange(blocks_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<BlockPtr> blocks_;
};

}  // namespace bare

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <thread>

#include "unit/spool/helpers.h"

namespace hubferry::spool::test {
namespace {

constexpr int kThreads = 8;
constexpr int kBatches = 300;

// Appends from many threads while one reads, acknowledges, rewinds and persists. Each record comes, in the order of its
// thread, under the sequence of its receipt.
class Traffic {
 public:
  Traffic(FileSystem& files, const Options& options) {
    auto opened = Spool::open(files, options);
    EXPECT_TRUE(opened);
    spool_ = std::move(*opened);
    spool_->on_readable([this] {
      const std::lock_guard lock(mutex_);
      readable_ = true;
      changed_.notify_one();
    });
  }

  void run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { produce(i); });
    consume();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(receipts_.size(), std::size_t{kThreads * kBatches});
    for (const auto& [sequence, text] : receipts_) EXPECT_EQ(seen_[sequence], text);
    const auto statistics = spool_->statistics();
    EXPECT_EQ(statistics.unacknowledged, 0U);
    EXPECT_EQ(statistics.stored_bytes, 0U);
    EXPECT_EQ(statistics.low_water, statistics.last_sequence);
  }

 private:
  void produce(int thread) {
    for (int i = 0; i < kBatches;) {
      const std::string text = std::to_string(thread) + "/" + std::to_string(i);
      const auto receipt = append(*spool_, {text, std::string(static_cast<std::size_t>(i), 'x')});
      (void)spool_->statistics();
      (void)spool_->writable();
      if (!receipt) {
        EXPECT_EQ(receipt.error().code, ErrorCode::kFull);
        std::this_thread::yield();
        continue;
      }
      const std::lock_guard lock(mutex_);
      receipts_[receipt->first] = text;
      ++i;
    }
  }

  void consume() {
    std::map<std::string, int> next_of_thread;
    std::size_t acknowledged = 0;
    for (int reads = 1; acknowledged < std::size_t{kThreads * kBatches} * 2; ++reads) {
      const auto block = spool_->next();
      ASSERT_TRUE(block);
      if (!*block) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return readable_; });
        readable_ = false;
        continue;
      }
      if (reads % 50 == 0) spool_->rewind();
      for (const auto& record : records_of(**block)) {
        if (spool_->acknowledged(record.sequence)) continue;
        const auto slash = record.bytes.find('/');
        if (slash != std::string::npos) {
          seen_[record.sequence] = record.bytes;
          EXPECT_EQ(next_of_thread[record.bytes.substr(0, slash)]++, std::stoi(record.bytes.substr(slash + 1)));
        }
        spool_->acknowledge(record.sequence);
        ++acknowledged;
      }
      EXPECT_TRUE(spool_->persist_position(SteadyClock::now(), false));
    }
  }

  std::unique_ptr<Spool> spool_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool readable_ = false;
  std::map<std::uint64_t, std::string> receipts_;
  std::map<std::uint64_t, std::string> seen_;
};

TEST(SpoolConcurrency, ManyAppendAndOneReads) {
  FaultFileSystem files;
  Options options;
  options.directory = "/spool";
  options.segment_bytes = 64 * 1024;
  options.handover_bytes = 4096;
  options.max_bytes = 256 * 1024;
  options.position_interval = Milliseconds(1);
  Traffic(files, options).run();
}

TEST(SpoolConcurrency, CloseWaitsForACallbackThatRuns) {
  Bench bench;
  std::promise<void> entered;
  std::promise<void> go_on;
  std::atomic<bool> inside = false;
  bench.spool->on_readable([&] {
    inside = true;
    entered.set_value();
    go_on.get_future().wait();
    inside = false;
  });
  auto result = append_later(*bench.spool, {"a"});
  entered.get_future().wait();
  auto unset = std::async(std::launch::async, [&] {
    bench.spool->on_readable({});
    EXPECT_FALSE(inside);
  });
  go_on.set_value();
  unset.get();
  EXPECT_TRUE(result.get());
}

}  // namespace
}  // namespace hubferry::spool::test

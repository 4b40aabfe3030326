// Spool::append against pwrite + fdatasync of the same bytes over blocks that were written before, in one folder:
//   spool_benchmark [--benchmark_...] DIRECTORY
// 64x1: 64 appenders with one record of 1 KB each; 8x100: 8 appenders with 100. Each appender hands in its next batch
// when the last one is durable; the bare loop writes what all of them hand in at once. A reader acknowledges the
// records, so that segments are recycled. run.py takes the ratios of spool_X and bare_X.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "spool/spool.h"

namespace {

namespace spool = hubferry::spool;
namespace fs = std::filesystem;

constexpr std::uint32_t kRecordBytes = 1024;
constexpr std::uint64_t kSegmentBytes = 64ULL << 20;
constexpr std::int64_t kGroups = 16;  // of all appenders, in one iteration

fs::path folder;

// Keeps `appenders` batches in the spool's hands until told to stop, and reads and acknowledges behind them.
class Load {
 public:
  Load(spool::Spool& spool, std::uint32_t appenders, std::uint32_t records)
      : spool_(spool), record_(kRecordBytes, 'x'), records_(records), running_(appenders) {
    spool_.on_readable([this] { signal(); });
    reader_ = std::thread([this] { read(); });
    for (std::uint32_t i = 0; i < appenders; ++i) append();
  }
  ~Load() {
    stop_ = true;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ == 0; });
    ended_ = signalled_ = true;
    changed_.notify_all();
    lock.unlock();
    reader_.join();
    spool_.on_readable(nullptr);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Waits until so many batches became durable since the start. False: one failed.
  bool wait_for(std::uint64_t batches) {
    wanted_ = batches;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failed_ || durable_ >= batches; });
    return !failed_;
  }
  std::uint64_t durable() const { return durable_; }

 private:
  void append() {
    spool::RecordBatch batch;
    batch.reserve(records_ * (kRecordBytes + sizeof(std::uint32_t)));
    for (std::uint32_t i = 0; i < records_; ++i) record_.copy(batch.add(kRecordBytes), kRecordBytes);
    spool_.append(std::move(batch), [this](const hubferry::Result<spool::Receipt>& receipt) { appended(!!receipt); });
  }

  void appended(bool stored) {
    if (!stored) failed_ = true;
    const bool reached = ++durable_ == wanted_;
    const bool goes_on = stored && !stop_;
    if (goes_on) append();
    if (goes_on && !reached) return;
    const std::lock_guard lock(mutex_);
    if (!goes_on) --running_;
    changed_.notify_all();
  }

  void signal() {
    const std::lock_guard lock(mutex_);
    signalled_ = true;
    changed_.notify_all();
  }

  void read() {
    for (;;) {
      while (const auto block = spool_.next().value_or(nullptr)) {
        for (auto sequence = block->first_sequence(); sequence <= block->last_sequence(); ++sequence) {
          spool_.acknowledge(sequence);
        }
      }
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return signalled_; });
      if (ended_) return;
      signalled_ = false;
    }
  }

  spool::Spool& spool_;
  const std::string record_;
  const std::uint32_t records_;
  std::atomic<std::uint64_t> durable_{0}, wanted_{0};
  std::atomic<bool> stop_{false}, failed_{false};

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint32_t running_;  // appenders
  bool signalled_ = false, ended_ = false;
  std::thread reader_;
};

void append_to_spool(benchmark::State& state, std::uint32_t appenders, std::uint32_t records) {
  fs::remove_all(folder);
  spool::Options options;
  options.directory = folder;
  options.segment_bytes = kSegmentBytes;
  auto opened = spool::Spool::open(spool::real_file_system(), options);
  if (!opened) return state.SkipWithError(opened.error().message.c_str());
  const std::uint64_t batch_bytes = std::uint64_t{records} * kRecordBytes;
  const std::uint64_t batches = std::uint64_t{appenders} * kGroups;
  {
    Load load(**opened, appenders, records);
    // Before the clock starts all segments in turn have been written once.
    if (!load.wait_for(4 * kSegmentBytes / batch_bytes)) return state.SkipWithError("an append failed");
    for (auto _ : state) {
      if (!load.wait_for(load.durable() + batches)) return state.SkipWithError("an append failed");
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batches * batch_bytes));
  opened->reset();
  fs::remove_all(folder);
}

void write_bare(benchmark::State& state, std::uint32_t appenders, std::uint32_t records) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  const int file = ::open((folder / "bare").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  const std::string group(std::size_t{appenders} * records * kRecordBytes, 'x');
  const std::uint64_t end = 2 * kSegmentBytes / group.size() * group.size();
  bool fine = file >= 0;
  const auto write = [&](std::uint64_t at) {
    fine = fine && ::pwrite(file, group.data(), group.size(), static_cast<off_t>(at)) > 0;
  };
  for (std::uint64_t at = 0; at < end; at += group.size()) write(at);
  fine = fine && ::fsync(file) == 0;
  std::uint64_t at = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kGroups; ++i) {
      write(at);
      fine = fine && ::fdatasync(file) == 0;
      at = (at + group.size()) % end;
    }
  }
  if (!fine) state.SkipWithError("the file cannot be written");
  state.SetBytesProcessed(state.iterations() * kGroups * static_cast<std::int64_t>(group.size()));
  ::close(file);
  fs::remove_all(folder);
}

}  // namespace

BENCHMARK_CAPTURE(append_to_spool, spool_64x1, 64, 1)->Name("spool_64x1")->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(write_bare, bare_64x1, 64, 1)->Name("bare_64x1")->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(append_to_spool, spool_8x100, 8, 100)->Name("spool_8x100")->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(write_bare, bare_8x100, 8, 100)->Name("bare_8x100")->UseRealTime()->MeasureProcessCPUTime();

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) return 2;
  folder = argv[1];
  benchmark::RunSpecifiedBenchmarks();
}

#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "spool/shared.h"

namespace hubferry::spool {

// Gathers batches while the last block is being synced, then makes them the next block: no timer, no delay.
// append() and on_readable() from any thread; the rest of the work happens on its own thread, "spool-writer".
class Writer {
 public:
  Writer(Shared& shared, std::uint64_t source, std::uint64_t next_sequence, std::uint64_t durable);
  ~Writer();  // writes what was handed in and joins
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void start();
  void append(RecordBatch batch, Spool::Done done);
  // Returns when no call of the callback before is under way.
  void on_readable(std::function<void()> callback);

 private:
  struct Pending {
    RecordBatch batch;
    Spool::Done done;
  };
  struct Refused {
    Error error;
    Spool::Done done;
  };
  using Group = std::span<Pending>;

  void run();
  bool wait();
  std::size_t take_group();
  std::vector<Pending> take(std::size_t count);
  void complete_refused();
  void commit(Group group);
  Status make_room(std::uint64_t bytes);
  Status open_segment();
  void seal_active();
  std::unique_ptr<char[]> build(Group group, std::uint32_t count, std::uint64_t payload_bytes, std::int64_t now_ms);
  void tell_companion(Group group, std::uint64_t first);
  void publish(std::shared_ptr<const Block> block, std::uint64_t bytes, std::uint64_t payload_bytes);
  void abandon_segment(const Error& error);
  void complete(Group group, std::uint64_t first);
  void refuse(Group group, const Error& error);
  void call_readable();

  Shared& shared_;
  const std::uint64_t source_;
  std::uint64_t next_sequence_;  // writer thread
  std::uint64_t durable_;        // writer thread
  std::unique_ptr<ActiveSegment> active_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable work_;
  std::deque<Pending> pending_;
  std::vector<Refused> refused_;
  std::uint64_t pending_bytes_ = 0;
  bool stop_ = false;

  std::mutex callback_mutex_;
  std::function<void()> readable_;
  std::thread thread_;
};

}  // namespace hubferry::spool

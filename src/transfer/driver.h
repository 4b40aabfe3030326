#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "transfer/exchange.h"
#include "transfer/handles.h"

namespace hubferry::transfer {

// Owns one thread and libcurl's multi handle, which only this thread uses.
class Driver {
 public:
  // `thread_name`: at most 15 characters; `limit`: exchanges under way at once, the others wait in order.
  Driver(MultiPtr multi, const char* thread_name, std::size_t limit);
  ~Driver() { stop(); }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Any thread. After stop() the exchange is closed at once, on the calling thread.
  void add(std::unique_ptr<Exchange> exchange);

  // Closes what is under way and what waits. Not from the driver's own thread.
  void stop();

 private:
  void run();
  void take_added();
  void begin_waiting();
  void begin(std::unique_ptr<Exchange> exchange);
  bool tell_ended();
  void close_all();

  const MultiPtr multi_;
  const std::size_t limit_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Exchange>> added_;  // guarded by mutex_
  bool closed_ = false;                           // guarded by mutex_: nothing takes what is added

  std::deque<std::unique_ptr<Exchange>> waiting_;
  std::vector<std::unique_ptr<Exchange>> under_way_;
  std::thread thread_;
};

}  // namespace hubferry::transfer

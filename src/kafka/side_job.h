#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/thread.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// Work that blocks, on a thread of its own ("kafka-ask") beside a polling thread; one piece at a time. The polling
// thread starts it, hears the bell when it is done, and takes the result. Destroying it waits for the work.
template <class T>
class SideJob {
 public:
  // `bell` must outlive the job.
  explicit SideJob(Wakeup& bell) : bell_(bell) {}

  // From start() to take().
  bool busy() const { return thread_.joinable(); }

  // Only when not busy. `work` gives up soon once a stop is requested, and does not throw.
  void start(std::function<T(const std::stop_token&)> work) {
    done_ = false;
    thread_ = std::jthread([this, work = std::move(work)](const std::stop_token& stop) {
      name_thread("kafka-ask");
      result_ = work(stop);
      done_ = true;
      bell_.ring();
    });
  }

  std::optional<T> take() {
    if (!busy() || !done_.load()) return std::nullopt;
    thread_.join();
    return std::exchange(result_, std::nullopt);
  }

  void request_stop() { thread_.request_stop(); }
  void join() {
    if (busy()) thread_.join();
  }

 private:
  Wakeup& bell_;
  std::atomic<bool> done_ = false;
  std::optional<T> result_;
  std::jthread thread_;
};

}  // namespace hubferry::kafka

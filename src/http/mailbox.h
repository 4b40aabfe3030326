#pragma once
#include <mutex>
#include <utility>
#include <vector>

namespace hubferry::http {

// What other threads hand to the one that drains it. Items that arrive in one burst cost one wake-up. Thread-safe.
template <class T>
class Mailbox {
 public:
  enum class Put {
    kWake,    // the caller must wake the draining thread, which then calls take()
    kQueued,  // it will be woken anyway
    kClosed,  // `item` was left untouched
  };

  Put put(T& item) {
    const std::lock_guard lock(mutex_);
    if (closed_) return Put::kClosed;
    items_.push_back(std::move(item));
    return std::exchange(waking_, true) ? Put::kQueued : Put::kWake;
  }

  // Swaps what has arrived into `items`, which must be empty.
  void take(std::vector<T>& items) {
    const std::lock_guard lock(mutex_);
    items_.swap(items);
    waking_ = false;
  }

  // Refuses all later items and swaps out what has arrived.
  void close(std::vector<T>& items) {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    items_.swap(items);
  }

 private:
  std::mutex mutex_;
  std::vector<T> items_;
  bool waking_ = false;
  bool closed_ = false;
};

}  // namespace hubferry::http

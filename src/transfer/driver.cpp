#include "transfer/driver.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

#include "base/thread.h"

namespace hubferry::transfer {
namespace {

constexpr int kIdleMs = 60'000;  // any: whoever has something for the thread wakes it

// OpenSSL writes to sockets without MSG_NOSIGNAL, and libcurl helps only who lets it change the process's signals.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

Driver::Driver(MultiPtr multi, const char* thread_name, std::size_t limit) : multi_(std::move(multi)), limit_(limit) {
  thread_ = std::thread([this, thread_name] {
    name_thread(thread_name);
    block_sigpipe();
    run();
  });
}

void Driver::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

void Driver::add(std::unique_ptr<Exchange> exchange) {
  std::unique_lock lock(mutex_);
  if (closed_) {
    lock.unlock();
    return exchange->closed();
  }
  added_.push_back(std::move(exchange));
  lock.unlock();
  curl_multi_wakeup(multi_.get());
}

void Driver::run() {
  while (!stopping_) {
    take_added();
    begin_waiting();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    if (tell_ended()) continue;  // there may be a place for one that waits
    curl_multi_poll(multi_.get(), nullptr, 0, kIdleMs, nullptr);
  }
  close_all();
}

void Driver::take_added() {
  const std::lock_guard lock(mutex_);
  std::move(added_.begin(), added_.end(), std::back_inserter(waiting_));
  added_.clear();
  closed_ = stopping_ && waiting_.empty();
}

void Driver::begin_waiting() {
  while (!waiting_.empty() && under_way_.size() < limit_) {
    auto exchange = std::move(waiting_.front());
    waiting_.pop_front();
    begin(std::move(exchange));
  }
}

void Driver::begin(std::unique_ptr<Exchange> exchange) {
  if (auto begun = exchange->begin(stopping_); !begun) return exchange->refused(std::move(begun.error()));
  curl_multi_add_handle(multi_.get(), exchange->handle());
  under_way_.push_back(std::move(exchange));
}

// False: none had ended.
bool Driver::tell_ended() {
  bool any = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const auto found = std::find_if(under_way_.begin(), under_way_.end(),
                                    [&](const auto& exchange) { return exchange->handle() == message->easy_handle; });
    const auto exchange = std::move(*found);
    under_way_.erase(found);
    curl_multi_remove_handle(multi_.get(), exchange->handle());
    exchange->ended(code);
    any = true;
  }
  return any;
}

void Driver::close_all() {
  for (auto& exchange : under_way_) {
    curl_multi_remove_handle(multi_.get(), exchange->handle());
    exchange->closed();
  }
  under_way_.clear();
  // Callbacks may add more.
  for (take_added(); !waiting_.empty(); take_added()) {
    const auto exchange = std::move(waiting_.front());
    waiting_.pop_front();
    exchange->closed();
  }
}

}  // namespace hubferry::transfer

#pragma once
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "deliver/event_line.h"
#include "deliver/handler.h"
#include "deliver/rotating_file.h"
#include "event/json_event.h"

namespace hubferry::deliver {

// Appends each event as a line to one file (RotatingFile). One thread ("file") writes everything that is waiting, then
// one fdatasync, then all of it is done: success means it is on disk. An error (full disk, no permission, folder gone)
// is not the event's fault: kUnavailable with what to do about it, and the next delivery tries anew.
class FileHandler final : public Handler {
 public:
  // For a route whose handler is file:/path.
  static Result<std::unique_ptr<FileHandler>> open(const config::ConsumeRoute& route, Answers& answers);
  ~FileHandler() override;
  BatchLimits limits() const override { return {1'000, 8ULL << 20, Milliseconds(0)}; }
  void deliver(std::vector<Delivery> batch) override;

 private:
  FileHandler(RotatingFile file, Answers& answers);
  void run(const std::stop_token& stop);
  std::vector<Delivery> wait(const std::stop_token& stop);
  void write(std::span<Delivery> work);
  void answer(Delivery& delivery, const Outcome& outcome);

  Answers& answers_;
  RotatingFile file_;  // the thread's
  event::JsonEvents json_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Delivery> waiting_;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace hubferry::deliver

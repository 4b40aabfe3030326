#include "deliver/file_handler.h"

#include <algorithm>
#include <utility>

#include "base/thread.h"

namespace hubferry::deliver {
namespace {

// Lines go to the disk in pieces of about this size, to bound what is copied at once.
constexpr std::size_t kPieceBytes = 8U << 20U;

}  // namespace

Result<std::unique_ptr<FileHandler>> FileHandler::open(const config::ConsumeRoute& route, Answers& answers) {
  constexpr std::string_view kScheme = "file:";
  RotatingFile file(
      {route.handler.target.substr(kScheme.size()), route.handler.rotate_bytes, route.handler.rotate_interval});
  if (auto opened = file.open(wall_clock_ms()); !opened) return tl::make_unexpected(std::move(opened).error());
  return std::unique_ptr<FileHandler>(new FileHandler(std::move(file), answers));
}

FileHandler::FileHandler(RotatingFile file, Answers& answers) : answers_(answers), file_(std::move(file)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

FileHandler::~FileHandler() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  for (Delivery& delivery : waiting_) answer(delivery, {Verdict::kUnavailable, "the daemon is stopping", {}});
}

void FileHandler::deliver(std::vector<Delivery> batch) {
  const std::lock_guard lock(mutex_);
  std::move(batch.begin(), batch.end(), std::back_inserter(waiting_));
  changed_.notify_one();
}

void FileHandler::run(const std::stop_token& stop) {
  name_thread("file");
  while (!stop.stop_requested()) {
    std::vector<Delivery> work = wait(stop);
    file_.rotate_if_due(wall_clock_ms());
    write(work);
  }
}

// Until there is work, the file is old enough to rotate, or the end is near.
std::vector<Delivery> FileHandler::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !waiting_.empty(); };
  if (const auto due = file_.rotation_due_ms()) {
    const std::int64_t left = std::max<std::int64_t>(*due - wall_clock_ms(), 0);
    changed_.wait_for(lock, stop, Milliseconds(left), ready);
  } else {
    changed_.wait(lock, stop, ready);
  }
  return std::exchange(waiting_, {});
}

void FileHandler::write(std::span<Delivery> work) {
  while (!work.empty()) {
    Lines lines;
    for (const Delivery& delivery : work) {
      lines.add(ndjson_line(*delivery.record, json_));
      if (lines.text.size() >= kPieceBytes) break;
    }
    const auto appended = file_.append(lines, wall_clock_ms());
    for (Delivery& delivery : work.first(appended.lines)) answer(delivery, {Verdict::kDone, {}, {}});
    work = work.subspan(appended.lines);
    if (!appended.error) continue;
    for (Delivery& delivery : work) answer(delivery, {Verdict::kUnavailable, appended.error->message, {}});
    return;
  }
}

void FileHandler::answer(Delivery& delivery, const Outcome& outcome) {
  delivery.record.reset();
  answers_.answered(delivery.id, outcome);
}

}  // namespace hubferry::deliver

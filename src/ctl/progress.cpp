#include "ctl/progress.h"

#include <algorithm>
#include <ostream>

namespace hubferry::ctl {
namespace {

constexpr Milliseconds kDrawEvery{200};
constexpr Milliseconds kLineEvery{5'000};
constexpr Milliseconds kRateWindow{5'000};
constexpr std::size_t kBarWidth = 30;

}  // namespace

Progress::Progress(std::ostream& out, bool terminal, std::uint64_t total, Instant now)
    : out_(out), terminal_(terminal), total_(total), due_(now) {
  samples_.push_back({now, total});
}

void Progress::show(std::uint64_t left, Instant now) {
  if (now < due_) return;
  due_ = now + (terminal_ ? kDrawEvery : kLineEvery);
  sample(left, now);
  draw(left);
}

void Progress::finish(std::uint64_t left, Instant now) {
  sample(left, now);
  draw(left);
  if (terminal_) out_ << '\n' << std::flush;
}

void Progress::sample(std::uint64_t left, Instant now) {
  samples_.push_back({now, left});
  while (samples_.size() > 2 && now - samples_[1].at >= kRateWindow) samples_.pop_front();
}

std::string Progress::text(std::uint64_t left) const {
  std::string bar;
  if (terminal_) {
    const std::uint64_t done = total_ - std::min(left, total_);
    const auto filled = total_ == 0 ? kBarWidth : static_cast<std::size_t>(done * kBarWidth / total_);
    bar = '[' + std::string(filled, '#') + std::string(kBarWidth - filled, '-') + "]  ";
  }
  const auto elapsed = std::chrono::duration_cast<Milliseconds>(samples_.back().at - samples_.front().at).count();
  const std::uint64_t fell = samples_.front().left - std::min(samples_.back().left, samples_.front().left);
  const std::uint64_t rate = elapsed <= 0 ? 0 : fell * 1'000 / static_cast<std::uint64_t>(elapsed);
  return bar + std::to_string(left) + " of " + std::to_string(total_) + " events left, " + std::to_string(rate) + "/s";
}

// The cursor waits at the line's start, so that a log line covers the bar.
void Progress::draw(std::uint64_t left) {
  if (terminal_) {
    out_ << '\r' << text(left) << "\x1b[K\r" << std::flush;
  } else {
    out_ << text(left) << '\n' << std::flush;
  }
}

}  // namespace hubferry::ctl

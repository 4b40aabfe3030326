#include "kafka/look_up.h"

#include "kafka/positions.h"

namespace hubferry::kafka {
namespace {

// The contract's 15 s, less the time to come back.
constexpr Milliseconds kTime{14'000};

}  // namespace

void LookUp::ask(const PositionQuestion& question) {
  if (!job_.busy()) {
    start(question);
  } else if (outdated_) {
    next_ = question;
  }
}

std::optional<Result<std::vector<PartitionPosition>>> LookUp::take() {
  auto answer = job_.take();
  if (!answer || !next_) return answer;
  start(*std::exchange(next_, std::nullopt));
  return std::nullopt;
}

void LookUp::start(const PositionQuestion& question) {
  outdated_ = false;
  const Instant deadline = SteadyClock::now() + kTime;
  job_.start([this, question, deadline](const std::stop_token& stop) {
    const Patience patience{.deadline = deadline, .stop = stop};
    auto positions = ask_positions(asker_, topic_, question.timestamp_ms, patience);
    if (!positions || !question.ageing) return positions;
    if (const auto kept = retention_.of(asker_, topic_)) ask_ageing(asker_, topic_, *kept, *positions, patience);
    return positions;
  });
}

}  // namespace hubferry::kafka

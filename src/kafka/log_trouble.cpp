#include "kafka/log_trouble.h"

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kTellAgain{60'000};

}  // namespace

void LogTrouble::tell(Instant now, SharedLog::Listener& listener) {
  if (troubles_.empty()) {
    if (!told_) return;
    told_.reset();
    return listener.on_well();
  }
  const auto& [kind, error] = *troubles_.begin();
  const bool same = told_ && told_->kind == kind && told_->code == error.code;
  if (same && now - told_->at < kTellAgain) return;
  told_ = Told{kind, error.code, now};
  listener.on_trouble(error);
}

std::optional<Instant> LogTrouble::due() const {
  if (!told_) return std::nullopt;
  return told_->at + kTellAgain;
}

}  // namespace hubferry::kafka

#include "spool/feedback.h"

#include <algorithm>
#include <utility>

namespace hubferry::spool {
namespace {

// An event of a watch that is not acknowledged yet.
constexpr Feedback::Stored kMissing{-1, -1};
// So many early acknowledgements are kept before those that nobody can ask for any more are looked for.
constexpr std::size_t kEarlyUnchecked = 4096;

}  // namespace

void Feedback::announce() {
  ++waiting_;
  const std::lock_guard lock(mutex_);
  ++announced_;
}

void Feedback::withdraw() {
  --waiting_;
  const std::lock_guard lock(mutex_);
  if (--announced_ == 0) early_.clear();
}

void Feedback::watch(std::uint64_t first, std::uint64_t last, Instant deadline, Done done) {
  Watch watch{first, static_cast<std::size_t>(last - first + 1), deadline, {}, std::move(done)};
  watch.stored.assign(watch.missing, kMissing);
  {
    const std::lock_guard lock(mutex_);
    if (!early_.empty()) {
      for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
        const auto early = early_.find(sequence);
        if (early == early_.end()) continue;
        watch.stored[sequence - first] = early->second;
        --watch.missing;
        early_.erase(early);
      }
    }
    if (--announced_ == 0) {
      early_.clear();
    } else if (early_.size() > early_limit_) {
      std::erase_if(early_, [first](const auto& early) { return early.first < first; });
      early_limit_ = std::max(kEarlyUnchecked, 2 * early_.size());
    }
    if (watch.missing != 0) {
      watches_.emplace(last, std::move(watch));
      return;
    }
  }
  --waiting_;
  watch.done(std::move(watch.stored));
}

void Feedback::acknowledged(std::uint64_t sequence, Stored stored) {
  if (waiting_ == 0) return;
  Watch finished;
  {
    const std::lock_guard lock(mutex_);
    const auto found = watches_.lower_bound(sequence);
    if (found == watches_.end() || sequence < found->second.first) {
      if (announced_ != 0) early_.emplace(sequence, stored);
      return;
    }
    Watch& watch = found->second;
    Stored& place = watch.stored[sequence - watch.first];
    if (place.partition != kMissing.partition) return;
    place = stored;
    if (--watch.missing != 0) return;
    finished = std::move(watch);
    watches_.erase(found);
  }
  --waiting_;
  finished.done(std::move(finished.stored));
}

void Feedback::expire(Instant now) {
  if (waiting_ == 0) return;
  std::vector<Done> expired;
  {
    const std::lock_guard lock(mutex_);
    for (auto watch = watches_.begin(); watch != watches_.end();) {
      if (now < watch->second.deadline) {
        ++watch;
        continue;
      }
      expired.push_back(std::move(watch->second.done));
      watch = watches_.erase(watch);
    }
  }
  for (const Done& done : expired) {
    --waiting_;
    done({});
  }
}

}  // namespace hubferry::spool

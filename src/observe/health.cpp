#include "observe/health.h"

#include <algorithm>

namespace hubferry::observe {

void Health::set(const std::string& part, State state, std::string reason) {
  const std::lock_guard lock(mutex_);
  parts_[part] = Part{state, std::move(reason)};
}

void Health::remove(const std::string& part) {
  const std::lock_guard lock(mutex_);
  parts_.erase(part);
}

bool Health::ready() const {
  const std::lock_guard lock(mutex_);
  return std::none_of(parts_.begin(), parts_.end(),
                      [](const auto& part) { return part.second.state == State::kNotReady; });
}

std::vector<std::pair<std::string, Health::Part>> Health::parts() const {
  const std::lock_guard lock(mutex_);
  return {parts_.begin(), parts_.end()};
}

}  // namespace hubferry::observe

#pragma once
#include <string>
#include <utility>
#include <vector>

#include "observe/health.h"

namespace hubferry::console {

// One look at all parts, so that the verdict and the list agree.
struct Readiness {
  bool ready = true;
  std::vector<std::pair<std::string, observe::Health::Part>> parts;
};
Readiness readiness_of(const observe::Health& health);

std::string readiness_json(const Readiness& readiness);

// What stands in the status page; `breakers` is HTML, see breaker_table().
std::string status_page(const Readiness& readiness, const std::string& breakers);

}  // namespace hubferry::console

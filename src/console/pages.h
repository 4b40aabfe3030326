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

// A page of its own, without scripts and without anything from elsewhere.
std::string status_page(const Readiness& readiness);

}  // namespace hubferry::console

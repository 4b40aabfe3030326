#pragma once
#include <string>
#include <vector>

namespace hubferry::kafka {

// librdkafka's version as text, and what is known to be wrong with it, one line each, for the start log.
std::string client_version();
std::vector<std::string> client_defects();

}  // namespace hubferry::kafka

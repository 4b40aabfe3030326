#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/source.h"

namespace hubferry::config {

// Routes that the file and the command line define: what an unknown variable may have meant.
struct RouteNames {
  std::set<std::string> produce;
  std::set<std::string> consume;
};

// HUBFERRY_SECTION_KEY, HUBFERRY_PRODUCE_NAME_KEY, HUBFERRY_CONSUME_NAME_KEY and HUBFERRY_KAFKA_PROPERTY of
// "NAME=value" entries; NAME in capital letters with _ for -. A HUBFERRY_ variable that means nothing is an error that
// names the nearest; HUBFERRY_CONFIG and what Kubernetes sets for a Service called hubferry (HUBFERRY_SERVICE_HOST,
// HUBFERRY_PORT_8080_TCP, ...) are left alone.
Result<std::vector<Assignment>> read_environment(const std::vector<std::string>& entries, const RouteNames& routes);

// The value of HUBFERRY_CONFIG, empty if there is none.
std::string config_path(const std::vector<std::string>& entries);

// INGEST_LISTEN of ingest.listen.
std::string variable_name(std::string_view key);

}  // namespace hubferry::config

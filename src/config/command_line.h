#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "config/source.h"

namespace hubferry::config {

struct CommandLine {
  std::string config;  // --config; empty: not given
  bool check = false;
  bool print_config = false;
  bool help = false;
  bool version = false;
  std::vector<Assignment> assignments;  // --SECTION.KEY=VALUE, every key known and at most once
};

// Secrets are refused: a command line shows in the process list.
Result<CommandLine> read_command_line(const std::vector<std::string>& arguments);

}  // namespace hubferry::config

#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace hubferry::config {

// What the command line asks for besides the settings.
enum class Command { kRun, kCheck, kPrintConfig, kHelp, kVersion };

struct Invocation {
  Command command = Command::kRun;
  Settings settings;
  std::string text;  // what kHelp and kPrintConfig print: complete, secrets replaced by "(hidden)"
};

// Reads command line > environment (HUBFERRY_...) > file (--config) > profile. `environment` holds "NAME=value"
// entries, `arguments` excludes the program's name. Reads the files it is pointed to and nothing else. An error names
// the option, where it came from (file and line, environment, command line), the value unless it is secret, and the
// allowed range or the nearest known key.
Result<Invocation> load(const std::vector<std::string>& arguments, const std::vector<std::string>& environment);

}  // namespace hubferry::config

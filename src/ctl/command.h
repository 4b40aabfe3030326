#pragma once
#include <string>
#include <vector>

#include "ctl/options.h"
#include "ctl/session.h"

namespace hubferry::ctl {

struct Option {
  const char* name = nullptr;
  const char* value = nullptr;  // what it takes, for the help; null: it is a flag
  const char* help = nullptr;
  bool repeated = false;
};

struct Command {
  std::string name;  // "verify"; empty: the family is the command, as in "hubferryctl lag"
  std::string help;  // begins with "Usage: "; the options are written below it
  std::vector<Option> options;
  int (*run)(const Options&, Session&) = nullptr;
  const char* argument = nullptr;  // "DIR": it takes one word besides the options; null: none
};

struct Family {
  std::string name;     // "spool"
  std::string summary;  // one line for the list of all
  std::vector<Command> commands;
};

// All commands there are.
const std::vector<Family>& families();
const Family& spool_family();
const Family& topics_family();
const Family& partitions_family();
const Family& checkpoint_family();
const Family& lag_family();
const Family& dead_letter_family();
const Family& pause_family();
const Family& resume_family();
const Family& breaker_family();

// Options that several commands share.
inline constexpr Option kConfigOption{
    "config", "FILE",
    "the daemon's configuration file, for the broker and the routes; HUBFERRY_... variables count too"};
inline constexpr Option kTimeoutOption{"timeout", "TIME", "for each answer of the cluster, such as 30s (default: 15s)"};
inline constexpr Option kJsonOption{"json", nullptr, "one JSON object a line"};
inline constexpr Option kYesOption{"yes", nullptr, "do not ask"};

struct Arguments {
  const Command* command = nullptr;
  Options options;
  std::string help;  // to be printed instead of doing anything; empty: none
};

// Finds the command and splits its options. Errors name the option and the help that explains it.
Result<Arguments> parse(const std::vector<std::string>& arguments);

}  // namespace hubferry::ctl

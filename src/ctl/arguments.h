#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace hubferry::ctl {

enum class SpoolCommand { kVerify, kDump, kExport, kRepair, kSend };

struct SpoolArguments {
  SpoolCommand command = SpoolCommand::kVerify;
  std::filesystem::path directory;     // of one route
  bool all = false;                    // dump, export: acknowledged ones too
  std::optional<std::uint64_t> limit;  // dump
  bool dry_run = false;                // repair
  std::string config;                  // send; the rest too
  std::string route;                   // empty: that of the folder's name
  std::string topic;                   // empty: the route's
  Milliseconds deadline{0};
};

struct Arguments {
  SpoolArguments spool;
  std::string help;  // to be printed instead of doing anything; empty: none
};

// Errors name the option and the help that explains it.
Result<Arguments> parse(const std::vector<std::string>& arguments);

}  // namespace hubferry::ctl

#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "ctl/options.h"

namespace hubferry::ctl {

struct SpoolArguments {
  std::filesystem::path directory;     // of one route
  bool all = false;                    // dump, export: acknowledged ones too
  std::optional<std::uint64_t> limit;  // dump
  bool dry_run = false;                // repair
  std::string config;                  // send; the rest too
  std::string route;                   // empty: that of the folder's name
  std::string topic;                   // empty: the route's
  Milliseconds deadline{0};
};

Result<SpoolArguments> spool_arguments(const Options& options);

}  // namespace hubferry::ctl

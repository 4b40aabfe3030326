#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace hubferry::ctl {

// The options and the argument that a command was given, by their names.
class Options {
 public:
  Options() = default;
  // `help`: what explains the command, "hubferryctl spool dump --help".
  Options(std::map<std::string, std::vector<std::string>> given, std::string help)
      : given_(std::move(given)), help_(std::move(help)) {}

  bool has(const std::string& name) const { return given_.contains(name); }
  // The value, empty if it was not given.
  std::string text(const std::string& name) const;
  std::vector<std::string> all(const std::string& name) const;

  // Nothing if it was not given. Errors name the option, what it takes and the command's help.
  Result<std::optional<std::int64_t>> number(const std::string& name, std::int64_t min, std::int64_t max) const;
  // 500ms, 90s, 5m, 1h, 7d; at least 1 ms.
  Result<std::optional<Milliseconds>> duration(const std::string& name) const;
  // An RFC 3339 time in UTC, or a duration: that long before `now_ms`. Milliseconds, Unix epoch.
  Result<std::optional<std::int64_t>> time(const std::string& name, std::int64_t now_ms) const;

  // An error of usage, which names the command's help.
  tl::unexpected<Error> wrong(const std::string& what) const;

 private:
  std::map<std::string, std::vector<std::string>> given_;
  std::string help_;
};

}  // namespace hubferry::ctl

#include "ctl/options.h"

#include <limits>

#include "config/values.h"

namespace hubferry::ctl {
namespace {

constexpr std::int64_t kDay = 86'400'000;

// Milliseconds; days besides the units of the configuration, because retention is told in days.
std::optional<std::int64_t> parse_duration(const std::string& text) {
  if (text.ends_with('d')) {
    const auto days = config::parse_integer(text.substr(0, text.size() - 1));
    if (!days || *days < 0 || *days > std::numeric_limits<std::int64_t>::max() / kDay) return std::nullopt;
    return *days * kDay;
  }
  const auto read = config::parse_duration(text);
  return read ? std::optional(*read) : std::nullopt;
}

}  // namespace

std::string Options::text(const std::string& name) const {
  const auto found = given_.find(name);
  return found == given_.end() || found->second.empty() ? std::string() : found->second.front();
}

std::vector<std::string> Options::all(const std::string& name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? std::vector<std::string>() : found->second;
}

Result<std::optional<std::int64_t>> Options::number(const std::string& name, std::int64_t min, std::int64_t max) const {
  if (!has(name)) return std::nullopt;
  const auto read = config::parse_integer(text(name));
  if (read && *read >= min && *read <= max) return *read;
  if (max == std::numeric_limits<std::int64_t>::max()) {
    return wrong("--" + name + " takes a whole number above " + std::to_string(min - 1));
  }
  return wrong("--" + name + " takes a whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

Result<std::optional<Milliseconds>> Options::duration(const std::string& name) const {
  if (!has(name)) return std::nullopt;
  const auto read = parse_duration(text(name));
  if (!read || *read < 1) return wrong("--" + name + " takes a time such as 90s, 5m, 1h or 7d");
  return Milliseconds(*read);
}

Result<std::optional<std::int64_t>> Options::time(const std::string& name, std::int64_t now_ms) const {
  if (!has(name)) return std::nullopt;
  const std::string word = text(name);
  if (const auto ago = parse_duration(word)) return now_ms - *ago;
  const auto read = config::parse_value(config::Kind::kStart, word, {}, {});
  if (read && word != "earliest" && word != "latest") return read->number;
  return wrong("--" + name + " takes a time such as 2026-11-21T10:00:00Z, or 2h for two hours ago");
}

tl::unexpected<Error> Options::wrong(const std::string& what) const {
  return fail(ErrorCode::kInvalid, what + "; see " + help_);
}

}  // namespace hubferry::ctl

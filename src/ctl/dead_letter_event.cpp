#include "ctl/dead_letter_event.h"

#include <limits>
#include <map>

#include "config/values.h"
#include "deliver/dead_letter.h"

namespace hubferry::ctl {
namespace {

std::string_view header(const event::Record& record, std::string_view name) {
  for (const auto& header : record.headers) {
    if (header.name == name && header.value) return *header.value;
  }
  return {};
}

std::int64_t number(const event::Record& record, std::string_view name) {
  return config::parse_integer(header(record, name)).value_or(-1);
}

std::uint32_t count(const event::Record& record, std::string_view name) {
  const std::int64_t value = number(record, name);
  return value < 0 || value > std::numeric_limits<std::uint32_t>::max() ? 0 : static_cast<std::uint32_t>(value);
}

}  // namespace

std::optional<DeadLetterInfo> read_dead_letter(const event::Record& record) {
  DeadLetterInfo info;
  info.route = header(record, deliver::kDeadRoute);
  info.topic = header(record, deliver::kDeadTopic);
  if (info.route.empty() || info.topic.empty()) return std::nullopt;
  info.group = header(record, deliver::kDeadGroup);
  info.reason = header(record, deliver::kDeadReason);
  info.attempts = count(record, deliver::kDeadAttempts);
  info.partition = number(record, deliver::kDeadPartition);
  info.offset = number(record, deliver::kDeadOffset);
  info.timestamp_ms = number(record, deliver::kDeadTimestamp);
  info.time_ms = number(record, deliver::kDeadTime);
  if (info.time_ms < 0) info.time_ms = record.timestamp_ms;
  info.replays = count(record, deliver::kReplays);
  return info;
}

Result<DeadLetterFilter> DeadLetterFilter::read(const std::string& route, const Options& options, std::int64_t now_ms) {
  DeadLetterFilter filter;
  filter.route = route;
  filter.reason = config::lower(options.text("reason"));
  if (options.has("key")) filter.key = options.text("key");
  const auto since = options.time("since", now_ms);
  if (!since) return tl::make_unexpected(since.error());
  const auto until = options.time("until", now_ms);
  if (!until) return tl::make_unexpected(until.error());
  filter.since = *since;
  filter.until = *until;
  return filter;
}

bool DeadLetterFilter::matches(const event::Record& record, const DeadLetterInfo& info) const {
  if (info.route != route) return false;
  if (!reason.empty() && config::lower(info.reason).find(reason) == std::string::npos) return false;
  if (key && (!record.key || *record.key != *key)) return false;
  return (!since || info.time_ms >= *since) && (!until || info.time_ms < *until);
}

}  // namespace hubferry::ctl

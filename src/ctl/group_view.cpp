#include "ctl/group_view.h"

#include <algorithm>

#include "consume/commit_note.h"
#include "ctl/table.h"

namespace hubferry::ctl {
namespace {

// The daemon's own words for what it noted with a checkpoint.
std::string note_text(const kafka::PartitionPosition& position) {
  const auto note = consume::decode_note(position.metadata, position.committed);
  if (!note) return "metadata of another program";
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  std::uint64_t finished = 0;
  for (const auto& run : note->finished) finished += static_cast<std::uint64_t>(run.last - run.first + 1);
  if (finished != 0) add(std::to_string(finished) + " finished ahead");
  for (const auto& [offset, failures] : note->failures) {
    add("offset " + std::to_string(offset) + " failed " + counted(failures, "time"));
  }
  if (!note->parked.empty()) add(counted(note->parked.size(), "parked key"));
  return text;
}

}  // namespace

Result<GroupView> look_at_group(kafka::Admin& admin, const config::ConsumeRoute& route,
                                std::optional<std::int64_t> timestamp_ms, Milliseconds timeout) {
  GroupView view;
  view.route = &route;
  auto group = admin.describe_group(route.group, route.topic, timeout);
  if (!group && group.error().code != ErrorCode::kInvalid) return tl::make_unexpected(group.error());
  if (!group) group = kafka::Admin::Group{"state not told: " + group.error().message, {}, {}};
  auto positions = admin.positions(route.group, route.topic, timestamp_ms, timeout);
  if (!positions) return tl::make_unexpected(positions.error());
  view.group = std::move(*group);
  view.positions = std::move(*positions);
  return view;
}

bool reads(const config::ConsumeRoute& route, std::int32_t partition) {
  const auto& named = route.partitions;
  return named.empty() || std::find(named.begin(), named.end(), partition) != named.end();
}

std::optional<std::int64_t> next_offset(const GroupView& view, std::int32_t partition) {
  const auto& position = view.positions.at(static_cast<std::size_t>(partition));
  if (position.low < 0 || position.end < 0 || !reads(*view.route, partition)) return std::nullopt;
  if (position.committed >= 0) return std::max(position.committed, position.low);
  // A partition without a checkpoint beside others that have one is new, and read from its first event.
  const bool started = std::any_of(view.positions.begin(), view.positions.end(),
                                   [](const kafka::PartitionPosition& p) { return p.committed >= 0; });
  if (started || view.route->start.kind == config::StartPosition::Kind::kEarliest) return position.low;
  return std::nullopt;
}

std::optional<std::int64_t> lag_of(const GroupView& view, std::int32_t partition) {
  const auto next = next_offset(view, partition);
  if (!next) return std::nullopt;
  return std::max<std::int64_t>(0, view.positions.at(static_cast<std::size_t>(partition)).end - *next);
}

std::string fault_of(const GroupView& view, std::int32_t partition) {
  const auto& position = view.positions.at(static_cast<std::size_t>(partition));
  if (position.committed < 0 || position.low < 0 || position.end < 0 || !reads(*view.route, partition)) return {};
  if (position.committed < position.low) {
    return "expired: retention removed " + std::to_string(position.low - position.committed) + " offsets unread";
  }
  return position.committed > position.end ? "past the end: was the topic made anew?" : "";
}

std::string member_text(const kafka::Admin::Member& member) {
  // Brokers tell hosts as "/10.0.0.7".
  const std::string host = member.host.starts_with('/') ? member.host : '/' + member.host;
  return member.client_id + host + (member.group_instance_id.empty() ? "" : '/' + member.group_instance_id);
}

std::string owner_of(const GroupView& view, std::int32_t partition) {
  for (const auto& member : view.group.members) {
    if (std::find(member.partitions.begin(), member.partitions.end(), partition) != member.partitions.end()) {
      return member_text(member);
    }
  }
  return {};
}

std::string remarks_on(const GroupView& view, std::int32_t partition) {
  const auto& position = view.positions.at(static_cast<std::size_t>(partition));
  if (!reads(*view.route, partition)) return "not read by this route";
  std::string text = fault_of(view, partition);
  if (position.committed < 0) return text;
  const std::string note = note_text(position);
  return text + (text.empty() || note.empty() ? "" : "; ") + note;
}

Status unused(const GroupView& view) {
  if (view.group.members.empty()) return {};
  std::string message = "group " + view.route->group + " is in use (" + view.group.state +
                        "), its members would not notice a changed checkpoint and overwrite it:";
  bool is_static = false;
  for (const auto& member : view.group.members) {
    message += "\n  " + member_text(member);
    is_static = is_static || !member.group_instance_id.empty();
  }
  message += "\nStop each instance of hubferryd that has the route " + view.route->name +
             " (systemctl stop hubferryd, or scale to 0), then run the same again; pausing the route is not enough";
  if (is_static) message += ". Static members stay in the group for session.timeout.ms after their end";
  return fail(ErrorCode::kConflict, std::move(message));
}

}  // namespace hubferry::ctl

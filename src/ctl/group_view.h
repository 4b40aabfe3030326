#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "kafka/admin.h"

namespace hubferry::ctl {

// What the cluster knows about a consume route's group on its topic. The group's state says so if the cluster does not
// tell its members.
struct GroupView {
  const config::ConsumeRoute* route = nullptr;
  kafka::Admin::Group group;
  std::vector<kafka::PartitionPosition> positions;  // index: the partition
};
Result<GroupView> look_at_group(kafka::Admin& admin, const config::ConsumeRoute& route,
                                std::optional<std::int64_t> timestamp_ms, Milliseconds timeout);

// Whether the route reads the partition: a direct receiver may leave some out.
bool reads(const config::ConsumeRoute& route, std::int32_t partition);

// Where the group reads on: its checkpoint, or the first event that is left if it has none and starts there, or if
// retention has overtaken it. Nothing: it depends on when it starts, or it does not read it.
std::optional<std::int64_t> next_offset(const GroupView& view, std::int32_t partition);
// Events from next_offset() on.
std::optional<std::int64_t> lag_of(const GroupView& view, std::int32_t partition);
// What is wrong with the checkpoint: it lies outside of what the topic holds. Empty: nothing.
std::string fault_of(const GroupView& view, std::int32_t partition);

// "client-id/host" and "/instance-id" if it is static; empty: nobody.
std::string member_text(const kafka::Admin::Member& member);
std::string owner_of(const GroupView& view, std::int32_t partition);

// What a person should know about a partition's checkpoint: its fault, and what the daemon noted with it.
std::string remarks_on(const GroupView& view, std::int32_t partition);

// Changing checkpoints of a group in use changes nothing, or is lost: who must end first, and how. OK: nobody.
Status unused(const GroupView& view);

}  // namespace hubferry::ctl

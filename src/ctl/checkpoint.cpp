#include <limits>
#include <ostream>

#include "ctl/checkpoint_plan.h"
#include "ctl/command.h"
#include "ctl/table.h"

namespace hubferry::ctl {
namespace {

constexpr std::int64_t kMostPartitions = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostOffset = std::numeric_limits<std::int64_t>::max();

constexpr const char* kShowHelp =
    "Usage: hubferryctl checkpoint show --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Shows the checkpoints of a consume route: the offset of the first event that is not finished, what the topic "
    "holds,\n"
    "who reads, and what the daemon noted with it (events finished ahead, failed deliveries, parked keys).\n"
    "Exit code: 0 done, 1 a checkpoint lies outside of what the topic holds, 2 wrong usage or no answer.\n";

constexpr const char* kSetHelp =
    "Usage: hubferryctl checkpoint set --route NAME --config FILE [--partition P] PLACE [OPTIONS]\n"
    "       PLACE: --offset N | --earliest | --latest | --time TIME\n"
    "\n"
    "Moves checkpoints: backwards, and events are delivered again; forwards, and events are never delivered. Refuses\n"
    "while the group has members. Shows before and after, and asks. Attempts that were counted and events that were\n"
    "finished ahead of the checkpoint are forgotten.\n"
    "Exit code: 0 done, 1 the answer was no, 2 wrong usage, in use or no answer.\n";

constexpr const char* kSkipHelp =
    "Usage: hubferryctl checkpoint skip --route NAME --partition P --offset N --config FILE [OPTIONS]\n"
    "\n"
    "Gives up one event that blocks a partition: moves the checkpoint from N behind it, only if it is N. Nobody gets\n"
    "the event, so copy it first if it matters. Refuses while the group has members. Shows before and after, and "
    "asks.\n"
    "Exit code: 0 done, 1 the answer was no, 2 wrong usage, in use or no answer.\n";

constexpr Option kRouteOption{"route", "NAME", "the consume route (default: the only one)"};

int show(const Options& options, Session& session) {
  auto desk = open_route(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto view = look_at_group(*desk->admin, *desk->route, std::nullopt, desk->timeout);
  if (!view) return complain(session.output, view.error());
  Table table({"partition", "committed", "low", "end", "lag", "member", "remarks"});
  bool well = true;
  for (std::size_t i = 0; i < view->positions.size(); ++i) {
    const auto partition = static_cast<std::int32_t>(i);
    const auto& position = view->positions[i];
    if (!reads(*desk->route, partition)) continue;
    well = well && fault_of(*view, partition).empty();
    table.add({std::int64_t{partition}, known(position.committed), known(position.low), known(position.end),
               known(lag_of(*view, partition)), known(owner_of(*view, partition)),
               known(remarks_on(*view, partition))});
  }
  table.write(session.output.out, desk->json);
  return well ? kSound : kFound;
}

Result<CheckpointGoal> goal_of(const Options& options) {
  CheckpointGoal goal;
  int places = 0;
  const auto take = [&](CheckpointGoal::Kind kind, std::int64_t value) {
    goal.kind = kind;
    goal.value = value;
    ++places;
  };
  const auto partition = options.number("partition", 0, kMostPartitions);
  if (!partition) return tl::make_unexpected(partition.error());
  if (*partition) goal.partition = static_cast<std::int32_t>(**partition);
  const auto offset = options.number("offset", 0, kMostOffset);
  if (!offset) return tl::make_unexpected(offset.error());
  if (*offset) take(CheckpointGoal::Kind::kOffset, **offset);
  const auto time = options.time("time", wall_clock_ms());
  if (!time) return tl::make_unexpected(time.error());
  if (*time) take(CheckpointGoal::Kind::kTime, **time);
  if (options.has("earliest")) take(CheckpointGoal::Kind::kEarliest, 0);
  if (options.has("latest")) take(CheckpointGoal::Kind::kLatest, 0);
  if (places != 1) return options.wrong("say one of --offset N, --earliest, --latest, --time TIME");
  if (goal.kind == CheckpointGoal::Kind::kOffset && !goal.partition) {
    return options.wrong("--offset N needs --partition P: an offset counts in one partition");
  }
  return goal;
}

Table::Cell events_between(std::int64_t before, std::int64_t after) {
  if (before < 0 || before == after) return {};
  return after < before ? "again: " + std::to_string(before - after) : "never: " + std::to_string(after - before);
}

// Shows what is to change, asks, changes it.
int change(Desk& desk, const GroupView& view, const std::vector<kafka::PartitionOffset>& offsets,
           const Options& options, Session& session) {
  Table table({"partition", "before", "after", "offsets_delivered"});
  for (const auto& offset : offsets) {
    const std::int64_t before = view.positions[static_cast<std::size_t>(offset.partition)].committed;
    table.add({std::int64_t{offset.partition}, known(before), offset.offset, events_between(before, offset.offset)});
  }
  table.write(session.output.out, desk.json);
  if (view.route->direct()) {
    session.output.error << "The route " << view.route->name
                         << " is a direct receiver: the cluster cannot tell whether one runs. Stop its daemon first.\n";
  }
  const auto go_on = confirmed(options, session, "Change the checkpoints of group " + view.route->group + "?");
  if (!go_on) return complain(session.output, go_on.error());
  if (!*go_on) return kFound;
  const auto status = desk.admin->set_committed(view.route->group, view.route->topic, offsets, desk.timeout);
  if (!status) return complain(session.output, status.error());
  session.output.error << "changed\n";
  return kSound;
}

int set(const Options& options, Session& session) {
  const auto goal = goal_of(options);
  if (!goal) return complain(session.output, goal.error());
  auto desk = open_route(options, session);
  if (!desk) return complain(session.output, desk.error());
  const bool by_time = goal->kind == CheckpointGoal::Kind::kTime;
  const auto time = by_time ? std::optional(goal->value) : std::nullopt;
  const auto view = look_at_group(*desk->admin, *desk->route, time, desk->timeout);
  if (!view) return complain(session.output, view.error());
  if (auto status = unused(*view); !status) return complain(session.output, status.error());
  const auto offsets = plan_set(*view, *goal);
  if (!offsets) return complain(session.output, offsets.error());
  return change(*desk, *view, *offsets, options, session);
}

int skip(const Options& options, Session& session) {
  const auto partition = options.number("partition", 0, kMostPartitions);
  if (!partition) return complain(session.output, partition.error());
  const auto offset = options.number("offset", 0, kMostOffset);
  if (!offset) return complain(session.output, offset.error());
  if (!*partition || !*offset) {
    return complain(session.output, options.wrong("name the event: --partition P --offset N").value());
  }
  auto desk = open_route(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto view = look_at_group(*desk->admin, *desk->route, std::nullopt, desk->timeout);
  if (!view) return complain(session.output, view.error());
  if (auto status = unused(*view); !status) return complain(session.output, status.error());
  const auto behind = plan_skip(*view, static_cast<std::int32_t>(**partition), **offset);
  if (!behind) return complain(session.output, behind.error());
  return change(*desk, *view, {*behind}, options, session);
}

}  // namespace

const Family& checkpoint_family() {
  static const Family family{"checkpoint",
                             "Checkpoints of a consume route: show, move, skip one event",
                             {{"show", kShowHelp, {kConfigOption, kRouteOption, kTimeoutOption, kJsonOption}, show},
                              {"set",
                               kSetHelp,
                               {kConfigOption,
                                kRouteOption,
                                {"partition", "P", "only this partition (default: all; --offset needs it)"},
                                {"offset", "N", "the next event to deliver"},
                                {"earliest", nullptr, "the oldest event that is left"},
                                {"latest", nullptr, "behind the newest event"},
                                {"time", "TIME", "the first event since 2026-11-21T10:00:00Z, or since 2h ago"},
                                kYesOption,
                                kTimeoutOption,
                                kJsonOption},
                               set},
                              {"skip",
                               kSkipHelp,
                               {kConfigOption,
                                kRouteOption,
                                {"partition", "P", "the partition of the event"},
                                {"offset", "N", "its offset, which must be the checkpoint"},
                                kYesOption,
                                kTimeoutOption,
                                kJsonOption},
                               skip}}};
  return family;
}

}  // namespace hubferry::ctl

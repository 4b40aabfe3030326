#include <algorithm>
#include <map>
#include <ostream>

#include "ctl/command.h"
#include "ctl/group_view.h"
#include "ctl/table.h"

namespace hubferry::ctl {
namespace {

constexpr const char* kHelp =
    "Usage: hubferryctl lag --config FILE [--route NAME] [OPTIONS]\n"
    "\n"
    "Shows for each consume route how many events wait behind its checkpoints, how old the oldest of them is, and the\n"
    "state and members of its group.\n"
    "Exit code: 0 done, 1 a checkpoint lies outside of what the topic holds, 2 wrong usage or no answer.\n";

// Partition -> when its oldest unread event was written, as far as it was told within `timeout`.
using Times = std::map<std::int32_t, std::int64_t>;

Result<Times> oldest_unread(Desk& desk, const GroupView& view, Session& session) {
  std::vector<kafka::TopicReader::Range> ranges;
  for (std::size_t i = 0; i < view.positions.size(); ++i) {
    const auto partition = static_cast<std::int32_t>(i);
    const auto next = next_offset(view, partition);
    if (next && *next < view.positions[i].end) ranges.push_back({partition, *next, view.positions[i].end});
  }
  Times times;
  if (ranges.empty()) return times;
  const auto reader = session.clients.reader(desk.settings.consumer_properties, view.route->topic, ranges);
  if (!reader) return tl::make_unexpected(reader.error());
  const Instant deadline = SteadyClock::now() + desk.timeout;
  while (!(*reader)->done() && times.size() < ranges.size() && SteadyClock::now() < deadline) {
    std::vector<event::Record> records;
    const auto status = (*reader)->read(Milliseconds(200), records);
    if (!status && status.error().disposition != Disposition::kRetry) return tl::make_unexpected(status.error());
    for (const auto& record : records) {
      if (record.timestamp_ms >= 0) times.emplace(record.partition, record.timestamp_ms);
    }
  }
  return times;
}

class Report {
 public:
  Report(Desk& desk, Session& session) : desk_(desk), session_(session) {}

  // Whether all checkpoints are sound.
  Result<bool> write(const config::ConsumeRoute& route) {
    const auto view = look_at_group(*desk_.admin, route, std::nullopt, desk_.timeout);
    if (!view) return tl::make_unexpected(view.error());
    const auto times = oldest_unread(desk_, *view, session_);
    if (!times) return tl::make_unexpected(times.error());
    Table table({"route", "group", "group_state", "members", "partition", "committed", "end", "lag",
                 "oldest_unread_age_ms", "member", "remarks"});
    Table people({"partition", "committed", "end", "lag", "oldest_unread", "member", "remarks"});
    const auto members = static_cast<std::int64_t>(view->group.members.size());
    bool well = true;
    total_ = 0;
    oldest_.reset();
    unknown_ = 0;
    for (std::size_t i = 0; i < view->positions.size(); ++i) {
      const auto partition = static_cast<std::int32_t>(i);
      if (!reads(route, partition)) continue;
      const auto lag = lag_of(*view, partition);
      const auto age = age_of(*times, partition);
      well = well && fault_of(*view, partition).empty();
      total_ += lag.value_or(0);
      unknown_ += lag ? 0 : 1;
      const Table::Cell number{std::int64_t{partition}};
      const Table::Cell committed = known(view->positions[i].committed);
      const Table::Cell end = known(view->positions[i].end);
      const Table::Cell member = known(owner_of(*view, partition));
      const Table::Cell remarks = known(remarks_on(*view, partition));
      table.add({route.name, route.group, view->group.state, members, number, committed, end, known(lag), known(age),
                 member, remarks});
      people.add({number, committed, end, known(lag), age ? age_text(*age) : Table::Cell(), member, remarks});
    }
    if (desk_.json) {
      table.write(session_.output.out, true);
    } else {
      session_.output.out << heading(*view);
      people.write(session_.output.out, false);
      session_.output.out << members_without_partitions(*view) << '\n';
    }
    return well;
  }

 private:
  std::optional<std::int64_t> age_of(const Times& times, std::int32_t partition) {
    const auto found = times.find(partition);
    if (found == times.end()) return std::nullopt;
    const std::int64_t age = std::max<std::int64_t>(0, wall_clock_ms() - found->second);
    oldest_ = std::max(oldest_.value_or(0), age);
    return age;
  }

  std::string heading(const GroupView& view) const {
    std::string text = "route " + view.route->name + "  topic " + view.route->topic + "  group " + view.route->group;
    if (view.route->direct()) {
      text += " (direct receiver)";
    } else {
      text += " (" + view.group.state + ", " + counted(view.group.members.size(), "member") + ")";
    }
    text += "\nlag " + std::to_string(total_);
    if (unknown_ != 0) text += " and " + counted(unknown_, "partition") + " without checkpoint";
    return text + (oldest_ ? ", oldest unread event " + age_text(*oldest_) + " old\n" : "\n");
  }

  static std::string members_without_partitions(const GroupView& view) {
    std::string text;
    for (const auto& member : view.group.members) {
      if (member.partitions.empty()) text += "member without partitions: " + member_text(member) + '\n';
    }
    return text;
  }

  Desk& desk_;
  Session& session_;
  std::int64_t total_ = 0;
  std::uint64_t unknown_ = 0;  // partitions
  std::optional<std::int64_t> oldest_;
};

int lag(const Options& options, Session& session) {
  auto desk = open_desk(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto routes = consume_routes(desk->settings, options);
  if (!routes) return complain(session.output, routes.error());
  Report report(*desk, session);
  bool well = true;
  for (const auto* route : *routes) {
    const auto sound = report.write(*route);
    if (!sound) return complain(session.output, sound.error());
    well = well && *sound;
  }
  return well ? kSound : kFound;
}

}  // namespace

const Family& lag_family() {
  static const Family family{
      "lag",
      "Events that wait for the consume routes, their age, members of the groups",
      {{"", kHelp, {kConfigOption, {"route", "NAME", "only this consume route"}, kTimeoutOption, kJsonOption}, lag}}};
  return family;
}

}  // namespace hubferry::ctl

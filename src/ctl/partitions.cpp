#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <set>

#include "ctl/command.h"
#include "ctl/group_view.h"
#include "ctl/key_effect.h"
#include "ctl/table.h"
#include "ctl/topic_help.h"

namespace hubferry::ctl {
namespace {

constexpr const char* kListHelp =
    "Usage: hubferryctl partitions list TOPIC --config FILE [OPTIONS]\n"
    "       hubferryctl partitions list --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Shows the partitions of a topic: leader, oldest and next offset, and for each consume route that reads it the\n"
    "checkpoint, the events behind it (lag), who reads the partition, and what the daemon noted with the checkpoint.\n"
    "Exit code: 0 done, 1 a partition has no leader or a checkpoint lies outside of what is there, 2 no answer.\n";

constexpr const char* kAddHelp =
    "Usage: hubferryctl partitions add TOPIC --total N --config FILE [OPTIONS]\n"
    "\n"
    "Gives a topic more partitions, which cannot be taken back. Tells before what this means for the order of keyed\n"
    "events, asks, and waits until the cluster shows the partitions.\n"
    "Exit code: 0 the topic has N partitions, 1 it has not, 2 wrong usage or no answer.\n";

using Cells = std::vector<Table::Cell>;

struct TopicChoice {
  std::string topic;
  std::vector<const config::ConsumeRoute*> routes;  // that read it
};

Result<TopicChoice> choose(const Options& options, const config::Settings& settings) {
  TopicChoice choice{options.text("TOPIC"), {}};
  if (options.has("route")) {
    if (!choice.topic.empty()) return options.wrong("give a TOPIC or --route, not both");
    const auto route = consume_route(settings, options);
    if (!route) return tl::make_unexpected(route.error());
    return TopicChoice{(*route)->topic, {*route}};
  }
  if (choice.topic.empty()) return options.wrong("name a TOPIC, or a consume route with --route");
  for (const auto& route : settings.consume) {
    if (route.topic == choice.topic) choice.routes.push_back(&route);
  }
  return choice;
}

class Listing {
 public:
  Listing(Desk& desk, const std::string& topic) : desk_(desk), topic_(topic) {}

  // Whether all is well.
  Result<bool> build(const std::vector<const config::ConsumeRoute*>& routes) {
    auto partitions = desk_.admin->describe_topic(topic_, desk_.timeout);
    if (!partitions) return tl::make_unexpected(partitions.error());
    partitions_ = std::move(*partitions);
    for (const auto* route : routes) {
      if (auto status = add(*route); !status) return tl::make_unexpected(status.error());
    }
    if (routes.empty()) {
      if (auto status = add_unread(); !status) return tl::make_unexpected(status.error());
    }
    return well_;
  }
  void write(std::ostream& out) const { table_.write(out, desk_.json); }

 private:
  Status add(const config::ConsumeRoute& route) {
    const auto view = look_at_group(*desk_.admin, route, std::nullopt, desk_.timeout);
    if (!view) return tl::make_unexpected(view.error());
    add(*view);
    return {};
  }
  // The offsets of a topic that no route reads.
  Status add_unread() {
    static const config::ConsumeRoute nobody;
    auto positions = desk_.admin->positions("hubferryctl", topic_, std::nullopt, desk_.timeout);
    if (!positions) return tl::make_unexpected(positions.error());
    add({&nobody, {}, std::move(*positions)});
    return {};
  }
  void add(const GroupView& view) {
    const std::size_t count = std::min(partitions_.size(), view.positions.size());
    for (std::size_t i = 0; i < count; ++i) add(view, static_cast<std::int32_t>(i));
  }
  void add(const GroupView& view, std::int32_t partition) {
    const auto& position = view.positions[static_cast<std::size_t>(partition)];
    const std::int32_t leader = partitions_[static_cast<std::size_t>(partition)].leader;
    Cells row{std::int64_t{partition}, known(std::int64_t{leader}), known(position.low), known(position.end)};
    well_ = well_ && leader >= 0 && fault_of(view, partition).empty();
    if (!view.route->name.empty()) {
      const Cells group{view.route->name, known(position.committed), known(lag_of(view, partition)),
                        known(owner_of(view, partition)), known(remarks_on(view, partition))};
      row.insert(row.end(), group.begin(), group.end());
    }
    table_.add(std::move(row));
  }

  Desk& desk_;
  const std::string topic_;
  std::vector<kafka::Admin::Partition> partitions_;
  Table table_{{"partition", "leader", "low", "end", "route", "committed", "lag", "member", "remarks"}};
  bool well_ = true;
};

int list(const Options& options, Session& session) {
  auto desk = open_desk(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto choice = choose(options, desk->settings);
  if (!choice) return complain(session.output, choice.error());
  Listing listing(*desk, choice->topic);
  const auto well = listing.build(choice->routes);
  if (!well) return complain(session.output, well.error());
  listing.write(session.output.out);
  return *well ? kSound : kFound;
}

// What more partitions mean, for whoever decides.
std::string effect_text(const config::Settings& settings, const std::string& topic, std::int32_t from,
                        std::int32_t to) {
  const KeyEffect effect = key_effect(partitioner_of(settings, topic), from, to);
  std::array<char, 32> percent{};
  (void)std::snprintf(percent.data(), percent.size(), "%.1f %%", effect.percent());
  std::string text = topic + ": " + std::to_string(from) + " -> " + std::to_string(to) + " partitions\n" + "  " +
                     percent.data() + " of the keys move to another partition (" + std::to_string(effect.moved) +
                     " of " + std::to_string(effect.samples) + " sample keys).\n" +
                     "  An event of such a key that waits in its old partition may be delivered after newer ones from "
                     "the new partition:\n  where order matters, let the consumers catch up first (hubferryctl lag).\n"
                     "  Partitions cannot be taken back.\n";
  for (const auto& route : settings.consume) {
    if (route.topic != topic || route.partitions.empty()) continue;
    text += "  The route " + route.name + " reads the partitions that its setting partitions names, no new ones.\n";
  }
  return text;
}

int grow(Desk& desk, const std::string& topic, std::int32_t total, Output& output) {
  const auto added = desk.admin->add_partitions(topic, total, desk.timeout);
  if (!added) {
    complain(output, added.error());
    if (added.error().code != ErrorCode::kInvalid) return kUnusable;
    output.error << "What does the same:\n" << add_partitions_commands(topic, total, desk.settings.consumer_properties);
    return kFound;
  }
  if (auto status = wait_for_partitions(desk, topic, total); !status) {
    complain(output, status.error());
    return kFound;
  }
  output.out << topic << " has " << total
             << " partitions; daemons see them within topic.metadata.refresh.interval.ms\n";
  return kSound;
}

int add(const Options& options, Session& session) {
  const std::string topic = options.text("TOPIC");
  if (topic.empty()) return complain(session.output, options.wrong("name the TOPIC").value());
  const auto total = options.number("total", 1, 100'000);
  if (!total) return complain(session.output, total.error());
  if (!*total) return complain(session.output, options.wrong("--total N is missing: the count afterwards").value());
  auto desk = open_desk(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto partitions = desk->admin->describe_topic(topic, desk->timeout);
  if (!partitions) return complain(session.output, partitions.error());
  const auto from = static_cast<std::int32_t>(partitions->size());
  const auto to = static_cast<std::int32_t>(**total);
  if (to < from) {
    const std::string counts = topic + " has " + std::to_string(from) + " partitions";
    return complain(session.output, options.wrong(counts + ", and partitions cannot be taken back").value());
  }
  if (to == from) {
    session.output.out << topic << " has " << to << " partitions already\n";
    return kSound;
  }
  session.output.out << effect_text(desk->settings, topic, from, to);
  const auto go_on = confirmed(options, session, "Add them?");
  if (!go_on) return complain(session.output, go_on.error());
  return *go_on ? grow(*desk, topic, to, session.output) : kFound;
}

}  // namespace

const Family& partitions_family() {
  static const Family family{
      "partitions",
      "Partitions of a topic with checkpoints and lag; add partitions",
      {{"list",
        kListHelp,
        {kConfigOption,
         {"route", "NAME", "the topic of this consume route, and only its checkpoints"},
         kTimeoutOption,
         kJsonOption},
        list,
        "TOPIC"},
       {"add",
        kAddHelp,
        {kConfigOption, {"total", "N", "how many the topic has afterwards"}, kYesOption, kTimeoutOption},
        add,
        "TOPIC"}}};
  return family;
}

}  // namespace hubferry::ctl

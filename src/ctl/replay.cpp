#include "ctl/replay.h"

#include <algorithm>
#include <limits>
#include <ostream>

#include "config/values.h"
#include "ctl/replayer.h"
#include "ctl/table.h"

namespace hubferry::ctl {
namespace {

constexpr std::int64_t kMaxReplays = 3;

Result<ReplayRules> rules_of(const Options& options, const config::ConsumeRoute& route) {
  auto filter = DeadLetterFilter::read(route.name, options, wall_clock_ms());
  if (!filter) return tl::make_unexpected(filter.error());
  if (filter->narrow() == options.has("all")) {
    return options.wrong("say which: --all, or some of --reason, --key, --since, --until");
  }
  const auto most = options.number("max-replays", 1, std::numeric_limits<std::uint32_t>::max());
  if (!most) return tl::make_unexpected(most.error());
  ReplayRules rules{std::move(*filter), options.text("to"), static_cast<std::uint32_t>(most->value_or(kMaxReplays))};
  if (rules.to.empty()) return rules;
  const auto topic = config::parse_value(config::Kind::kTopic, rules.to, {}, {});
  if (!topic) return options.wrong("--to " + topic.error());
  if (rules.to == route.dead_letter) return options.wrong("--to names the dead-letter topic itself");
  return rules;
}

// What a replay would do now.
Result<ReplayCounts> survey(Desk& desk, Session& session, const DeadLetterTopic& topic, const ReplayRules& rules,
                            bool from_start) {
  ReplayCounts counts;
  const auto status = read_records(desk, session, topic.name, ranges_of(topic, from_start), [&](const auto& record) {
    const auto info = read_dead_letter(record);
    const ReplayFate fate = fate_of(record, info, rules);
    const auto& note = topic.notes[static_cast<std::size_t>(record.partition)];
    if (fate == ReplayFate::kReplay && !from_start && note.settled(record.offset)) {
      ++counts.before;
    } else {
      counts.count(fate, info);
    }
    return true;
  });
  if (!status) return tl::make_unexpected(status.error());
  return counts;
}

void tell(const ReplayCounts& counts, const ReplayRules& rules, const std::string& verb, Output& output) {
  std::ostream& out = output.out;
  out << counted(counts.replayed, "event") << ' ' << verb << '\n';
  for (const auto& [reason, number] : counts.reasons) {
    out << "  " << number << "  " << (reason.empty() ? "(no reason)" : reason) << '\n';
  }
  if (counts.before != 0)
    out << counted(counts.before, "event") << " were replayed before (--from-start takes them again)\n";
  if (counts.passed_over != 0) out << counted(counts.passed_over, "dead letter") << " do not match and wait\n";
  if (counts.too_often != 0) {
    out << counted(counts.too_often, "event") << " came back " << rules.max_replays
        << " times or more already and stay (--max-replays N lets them go)\n";
  }
  if (counts.foreign != 0)
    out << counted(counts.foreign, "record") << " there belong to other routes or are no dead letters\n";
  if (counts.rejected != 0) out << counted(counts.rejected, "event") << " stay, the topic does not take them\n";
}

int replay(Desk& desk, Session& session, DeadLetterTopic& topic, const ReplayRules& rules, bool from_start) {
  Replayer replayer(desk, session, topic, rules, from_start);
  const auto status = replayer.run();
  const ReplayCounts& counts = replayer.counts();
  tell(counts, rules, "replayed", session.output);
  if (replayer.forgotten() != 0) {
    session.output.error << "hubferryctl: " << replayer.forgotten()
                         << " of the replayed are too scattered to be remembered: the next replay that matches them "
                            "writes them again\n";
  }
  if (!status) {
    session.output.error << "hubferryctl: stopped: " << status.error().message << '\n';
    if (counts.unknown != 0) {
      session.output.error << counted(counts.unknown, "event")
                           << " may or may not have been replayed, and count as not replayed\n";
    }
    session.output.error << (from_start ? "The same with --from-start begins again and writes those twice; --since and "
                                          "--until name the rest\n"
                                        : "Run the same again for the rest\n");
    return kFound;
  }
  return counts.too_often == 0 && counts.rejected == 0 && replayer.forgotten() == 0 ? kSound : kFound;
}

}  // namespace

int dead_letter_replay(const Options& options, Session& session) {
  auto desk = open_route(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto rules = rules_of(options, *desk->route);
  if (!rules) return complain(session.output, rules.error());
  auto topic = open_dead_letters(*desk, *desk->route);
  if (!topic) return complain(session.output, topic.error());
  const bool from_start = options.has("from-start");
  const bool remembers = std::any_of(topic->positions.begin(), topic->positions.end(),
                                     [](const kafka::PartitionPosition& position) { return position.committed >= 0; });
  if (!remembers) session.output.error << "no earlier replay of this route is remembered: begins with the oldest\n";
  const bool dry_run = options.has("dry-run");
  if (dry_run || (!options.has("yes") && session.input.is_terminal)) {
    const auto counts = survey(*desk, session, *topic, *rules, from_start);
    if (!counts) return complain(session.output, counts.error());
    tell(*counts, *rules, "to be replayed to " + (rules->to.empty() ? "the topics they came from" : rules->to),
         session.output);
    if (dry_run) session.output.out << "(--dry-run: nothing was changed)\n";
    if (dry_run || counts->replayed == 0) return counts->too_often == 0 ? kSound : kFound;
  }
  const auto go_on = confirmed(options, session, "Replay them?");
  if (!go_on) return complain(session.output, go_on.error());
  return *go_on ? replay(*desk, session, *topic, *rules, from_start) : kFound;
}

}  // namespace hubferry::ctl

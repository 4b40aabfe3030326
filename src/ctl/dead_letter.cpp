#include "deliver/dead_letter.h"

#include <algorithm>
#include <limits>
#include <ostream>

#include "ctl/command.h"
#include "ctl/dead_letter_event.h"
#include "ctl/dead_letter_read.h"
#include "ctl/event_json.h"
#include "ctl/replay.h"
#include "ctl/table.h"

namespace hubferry::ctl {
namespace {

constexpr std::int64_t kMostPartitions = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostOffset = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLimit = 1'000;
constexpr std::size_t kKeyPreview = 60;
constexpr std::size_t kReasonPreview = 80;

constexpr const char* kListHelp =
    "Usage: hubferryctl dead-letter list --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Lists the dead letters of a consume route: when and why, the event's key and where it was read, how often it "
    "came\n"
    "back from a replay before, and whether it was replayed since. PARTITION and OFFSET are those in the dead-letter\n"
    "topic, as dead-letter show takes them. Changes nothing.\n"
    "Exit code: 0 done, also if there are none, 1 there are more than --limit, 2 wrong usage or no answer.\n";

constexpr const char* kShowHelp =
    "Usage: hubferryctl dead-letter show --route NAME --partition P --offset N --config FILE [OPTIONS]\n"
    "\n"
    "Shows one dead letter with headers and value. Bytes that are no text are escaped; --json gives them exactly.\n"
    "Exit code: 0 done, 2 wrong usage, there is none, or no answer.\n";

constexpr const char* kReplayHelp =
    "Usage: hubferryctl dead-letter replay --route NAME --config FILE (--all | FILTERS) [OPTIONS]\n"
    "       FILTERS: --reason TEXT, --key KEY, --since TIME, --until TIME\n"
    "\n"
    "Writes events from the dead-letter topic back to the topic they were read from, with their key, value and "
    "headers;\n"
    "headers hf-replays and hf-replayed-for tell that and how often. Events of a key keep the order of their dead\n"
    "letters. Tells before what it will do, and asks.\n"
    "The dead letters stay where they are. What was replayed is remembered as checkpoint of the consumer group\n"
    "hubferry-replay.NAME, so that the same command goes on where the last one ended and replays nothing twice, "
    "unless\n"
    "it is killed: then up to some seconds of work come twice. Two at a time notice each other and stop.\n"
    "Exit code: 0 all that was meant was replayed, 1 something is left, 2 wrong usage or no answer.\n";

constexpr Option kRouteOption{"route", "NAME", "the consume route (default: the only one)"};
constexpr Option kReasonOption{"reason", "TEXT", "only those whose reason has this text in it"};
constexpr Option kKeyOption{"key", "KEY", "only those of events with this key"};
constexpr Option kSinceOption{"since", "TIME", "only those written since 2026-11-21T10:00:00Z, or since 2h ago"};
constexpr Option kUntilOption{"until", "TIME", "only those written before"};

std::string where_of(const DeadLetterInfo& info) {
  if (info.partition < 0 || info.offset < 0) return info.topic;
  return info.topic + '/' + std::to_string(info.partition) + '@' + std::to_string(info.offset);
}

// The dead letters that match, in the order of the topic.
class Listing {
 public:
  Listing(const DeadLetterTopic& topic, const DeadLetterFilter& filter, std::uint64_t limit, bool json)
      : topic_(topic), filter_(filter), limit_(limit), json_(json) {}

  // Whether it takes more.
  bool take(const event::Record& record) {
    const auto info = read_dead_letter(record);
    if (!info || !filter_.matches(record, *info)) return true;
    if (rows_.size() == limit_) {
      more_ = true;
      return false;
    }
    const bool replayed = topic_.notes[static_cast<std::size_t>(record.partition)].settled(record.offset);
    Row row{record.partition, record.offset, {}, {}};
    if (json_) {
      row.line = dead_letter_json(record, replayed, false);
    } else {
      row.cells = {std::int64_t{record.partition},
                   record.offset,
                   info->time_ms < 0 ? Table::Cell() : time_text(info->time_ms),
                   std::int64_t{info->attempts},
                   record.key ? Table::Cell(preview(*record.key, kKeyPreview)) : Table::Cell(),
                   where_of(*info),
                   std::int64_t{info->replays},
                   replayed ? Table::Cell(true) : Table::Cell(),
                   preview(info->reason, kReasonPreview)};
    }
    rows_.push_back(std::move(row));
    return true;
  }

  void write(std::ostream& out) {
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
      return a.partition != b.partition ? a.partition < b.partition : a.offset < b.offset;
    });
    Table table({"partition", "offset", "time", "attempts", "key", "event", "replays", "replayed", "reason"});
    for (auto& row : rows_) {
      out << row.line;
      if (!json_) table.add(std::move(row.cells));
    }
    if (!json_ && !table.empty()) table.write(out, false);
  }
  bool more() const { return more_; }
  std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    std::int32_t partition;
    std::int64_t offset;
    std::string line;
    std::vector<Table::Cell> cells;
  };

  const DeadLetterTopic& topic_;
  const DeadLetterFilter& filter_;
  const std::uint64_t limit_;
  const bool json_;
  std::vector<Row> rows_;
  bool more_ = false;
};

int list(const Options& options, Session& session) {
  const auto limit = options.number("limit", 1, kMostOffset);
  if (!limit) return complain(session.output, limit.error());
  auto desk = open_route(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto filter = DeadLetterFilter::read(desk->route->name, options, wall_clock_ms());
  if (!filter) return complain(session.output, filter.error());
  const auto topic = open_dead_letters(*desk, *desk->route);
  if (!topic) return complain(session.output, topic.error());
  Listing listing(*topic, *filter, static_cast<std::uint64_t>(limit->value_or(kLimit)), desk->json);
  const auto status = read_records(*desk, session, topic->name, ranges_of(*topic, true),
                                   [&listing](const event::Record& record) { return listing.take(record); });
  listing.write(session.output.out);
  if (!status) return complain(session.output, status.error());
  if (listing.size() == 0) session.output.error << "no such dead letters in " << topic->name << '\n';
  if (listing.more()) {
    session.output.error << "there are more than " << listing.size() << "; --limit N shows more\n";
  }
  return listing.more() ? kFound : kSound;
}

void write_letter(const event::Record& record, std::ostream& out) {
  if (const auto info = read_dead_letter(record)) {
    out << "route     " << info->route << " (group " << info->group << ")\n"
        << "event     " << where_of(*info);
    if (info->timestamp_ms >= 0) out << "  " << time_text(info->timestamp_ms);
    out << "\nreason    " << preview(info->reason, info->reason.size()) << "\nattempts  " << info->attempts << '\n';
    if (info->time_ms >= 0) out << "time      " << time_text(info->time_ms) << '\n';
    out << "replays   " << info->replays << '\n';
  } else {
    out << "(this record is no dead letter of hubferryd)\n";
  }
  out << "key       " << (record.key ? preview(*record.key, record.key->size()) : "-") << '\n';
  for (const auto& header : record.headers) {
    if (header.name.starts_with(deliver::kDeadPrefix)) continue;
    out << "header    " << preview(header.name, header.name.size()) << ": "
        << (header.value ? preview(*header.value, header.value->size()) : "-") << '\n';
  }
  out << "value     ";
  if (!record.value) {
    out << "none (a tombstone)\n";
    return;
  }
  out << counted(record.value->size(), "byte") << "\n\n" << preview(*record.value, record.value->size()) << '\n';
}

int show(const Options& options, Session& session) {
  const auto partition = options.number("partition", 0, kMostPartitions);
  if (!partition) return complain(session.output, partition.error());
  const auto offset = options.number("offset", 0, kMostOffset - 1);
  if (!offset) return complain(session.output, offset.error());
  if (!*partition || !*offset) {
    const std::string what = "name the dead letter as dead-letter list shows it: --partition P --offset N";
    return complain(session.output, options.wrong(what).value());
  }
  auto desk = open_route(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto topic = open_dead_letters(*desk, *desk->route);
  if (!topic) return complain(session.output, topic.error());
  const auto index = static_cast<std::size_t>(**partition);
  bool found = false;
  if (index < topic->positions.size() && **offset >= topic->positions[index].low &&
      **offset < topic->positions[index].end) {
    const kafka::TopicReader::Range range{static_cast<std::int32_t>(**partition), **offset, **offset + 1};
    const auto status = read_records(*desk, session, topic->name, {range}, [&](const event::Record& record) {
      found = true;
      if (desk->json) {
        session.output.out << dead_letter_json(record, topic->notes[index].settled(record.offset), true);
      } else {
        write_letter(record, session.output.out);
      }
      return false;
    });
    if (!status) return complain(session.output, status.error());
  }
  if (found) return kSound;
  return complain(session.output,
                  {ErrorCode::kNotFound, "there is no record at partition " + std::to_string(**partition) +
                                             ", offset " + std::to_string(**offset) + " of " + topic->name});
}

}  // namespace

const Family& dead_letter_family() {
  static const Family family{"dead-letter",
                             "Events that failed for good: list them, show one, replay them",
                             {{"list",
                               kListHelp,
                               {kConfigOption,
                                kRouteOption,
                                kReasonOption,
                                kKeyOption,
                                kSinceOption,
                                kUntilOption,
                                {"limit", "N", "at most so many (default: 1000)"},
                                kTimeoutOption,
                                kJsonOption},
                               list},
                              {"show",
                               kShowHelp,
                               {kConfigOption,
                                kRouteOption,
                                {"partition", "P", "of the dead-letter topic"},
                                {"offset", "N", "of the dead-letter topic"},
                                kTimeoutOption,
                                kJsonOption},
                               show},
                              {"replay",
                               kReplayHelp,
                               {kConfigOption,
                                kRouteOption,
                                {"all", nullptr, "all dead letters of the route"},
                                kReasonOption,
                                kKeyOption,
                                kSinceOption,
                                kUntilOption,
                                {"to", "TOPIC", "another topic than the events were read from"},
                                {"max-replays", "N", "leave events that came back so often (default: 3)"},
                                {"from-start", nullptr, "also those that were replayed before"},
                                {"dry-run", nullptr, "only tell what would be done"},
                                kYesOption,
                                kTimeoutOption},
                               dead_letter_replay}}};
  return family;
}

}  // namespace hubferry::ctl

#include "ctl/spool_arguments.h"

#include <limits>
#include <string>

#include "ctl/command.h"
#include "ctl/event_json.h"
#include "ctl/spool_commands.h"

namespace hubferry::ctl {
namespace {

constexpr std::string_view kVerifyHelp =
    "Usage: hubferryctl spool verify DIR\n"
    "\n"
    "Reads every segment, block and record and the saved position, and compares all checks. Changes nothing and takes\n"
    "no lock, so the daemon may be running: acknowledgements are then up to a second old, and a block that is being\n"
    "written is no damage. Prints counts and each damaged range, besides what earlier starts put into quarantine/ and\n"
    "what brokers refused for good (refused.ndjson).\n"
    "Exit code: 0 sound, 1 damage found, 2 wrong usage or unreadable.\n";

constexpr std::string_view kDumpHelp =
    "Usage: hubferryctl spool dump DIR [OPTIONS]\n"
    "\n"
    "Shows the events that are not acknowledged, one line each: sequence, source, partition, key, size of the value\n"
    "and its beginning. Changes nothing; the daemon may be running.\n"
    "Exit code: 0 done, 1 damage was passed over, 2 wrong usage or unreadable.\n";

constexpr std::string_view kExportHelp =
    "Usage: hubferryctl spool export DIR [OPTIONS] > FILE\n"
    "\n"
    "Writes the events that are not acknowledged to standard output, one JSON object a line:\n";

constexpr std::string_view kExportNotes =
    "Events in refused.ndjson are not included. Changes nothing; the daemon may be running, and then sends these "
    "events\n"
    "itself: whoever posts them again doubles them.\n"
    "Exit code: 0 all written, 1 damage was passed over, 2 wrong usage or unreadable.\n";

constexpr std::string_view kRepairHelp =
    "Usage: hubferryctl spool repair DIR [OPTIONS]\n"
    "\n"
    "Does what the daemon does when it starts: cuts a torn end, sets damaged bytes aside in quarantine/ and tells "
    "which\n"
    "events are missing. What is sound stays. Refuses while a daemon uses DIR.\n"
    "Exit code: 0 nothing had to be set aside, 1 something was (or would be), 2 wrong usage, in use or unreadable.\n";

constexpr std::string_view kSendHelp =
    "Usage: hubferryctl spool send DIR --config FILE [OPTIONS]\n"
    "\n"
    "Sends what a daemon that is gone for good left behind, in order, without sending twice what had landed already,\n"
    "and empties the spool. FILE is the daemon's configuration, for the broker and the route; HUBFERRY_... variables\n"
    "count too. Refuses while a daemon uses DIR. SIGINT and SIGTERM end it cleanly; run it again for the rest.\n"
    "Exit code: 0 empty, 1 something is left, 2 wrong usage, in use or unreadable.\n";

constexpr Milliseconds kDeadline{300'000};

constexpr Option kAll{"all", nullptr, "acknowledged events too, as far as they are still on disk"};

template <auto kRun>
int with_arguments(const Options& options, Session& session) {
  const auto arguments = spool_arguments(options);
  if (!arguments) return complain(session.output, arguments.error());
  return kRun(*arguments, session.output);
}

int send(const Options& options, Session& session) {
  const auto arguments = spool_arguments(options);
  if (!arguments) return complain(session.output, arguments.error());
  if (arguments->config.empty()) {
    return complain(session.output, options.wrong("--config FILE is missing: it says where the broker is").value());
  }
  return spool_send(*arguments, session.environment, session.output);
}

std::vector<Command> commands() {
  return {
      {"verify", std::string(kVerifyHelp), {}, with_arguments<spool_verify>, "DIR"},
      {"dump",
       std::string(kDumpHelp),
       {kAll, {"limit", "N", "at most so many events"}},
       with_arguments<spool_dump>,
       "DIR"},
      {"export",
       std::string(kExportHelp) + std::string(kExportFormat) + std::string(kExportNotes),
       {kAll},
       with_arguments<spool_export>,
       "DIR"},
      {"repair",
       std::string(kRepairHelp),
       {{"dry-run", nullptr, "only tell what would be done"}},
       with_arguments<spool_repair>,
       "DIR"},
      {"send",
       std::string(kSendHelp),
       {{"config", "FILE", "the daemon's configuration file"},
        {"route", "NAME", "the produce route of FILE (default: the one with the name of DIR's last folder)"},
        {"topic", "TOPIC", "another topic than the route's"},
        {"deadline", "TIME", "give up after this time, such as 90s or 1h (default: 5m)"}},
       send,
       "DIR"},
  };
}

}  // namespace

const Family& spool_family() {
  static const Family family{"spool", "Events that hubferryd accepted and the broker has not acknowledged", commands()};
  return family;
}

Result<SpoolArguments> spool_arguments(const Options& options) {
  SpoolArguments arguments;
  arguments.directory = options.text("DIR");
  if (arguments.directory.empty()) {
    return options.wrong("name the DIR of a spool, the folder of one produce route below spool.directory");
  }
  arguments.all = options.has("all");
  arguments.dry_run = options.has("dry-run");
  const auto limit = options.number("limit", 1, std::numeric_limits<std::int64_t>::max());
  if (!limit) return tl::make_unexpected(limit.error());
  if (*limit) arguments.limit = static_cast<std::uint64_t>(**limit);
  arguments.config = options.text("config");
  arguments.route = options.text("route");
  arguments.topic = options.text("topic");
  const auto deadline = options.duration("deadline");
  if (!deadline) return tl::make_unexpected(deadline.error());
  arguments.deadline = deadline->value_or(kDeadline);
  return arguments;
}

}  // namespace hubferry::ctl

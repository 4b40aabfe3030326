#include "ctl/arguments.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <sstream>
#include <string_view>

#include "config/values.h"
#include "ctl/event_json.h"

namespace hubferry::ctl {
namespace {

namespace options = boost::program_options;

constexpr std::string_view kUsage =
    "Usage: hubferryctl spool COMMAND DIR [OPTIONS]\n"
    "       hubferryctl --help | --version\n"
    "\n"
    "Looks into and mends a spool: the events that hubferryd accepted and the broker has not acknowledged. DIR is the\n"
    "folder of one produce route below spool.directory, such as /var/lib/hubferry/spool/orders.\n"
    "\n"
    "Reading only, also while the daemon runs:\n"
    "  verify   check every byte and count\n"
    "  dump     show the events, one line each\n"
    "  export   write the events as NDJSON, to post them elsewhere\n"
    "While no daemon uses DIR:\n"
    "  repair   set damage aside, as the daemon does when it starts\n"
    "  send     send what is left to the broker and empty the spool\n"
    "\n"
    "hubferryctl spool COMMAND --help tells more. Exit codes: 0 done, 1 damage found or something left, 2 wrong usage\n"
    "or unreadable.\n";

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

struct Command {
  const char* name;
  SpoolCommand command;
};
constexpr std::array<Command, 5> kCommands{{{"verify", SpoolCommand::kVerify},
                                            {"dump", SpoolCommand::kDump},
                                            {"export", SpoolCommand::kExport},
                                            {"repair", SpoolCommand::kRepair},
                                            {"send", SpoolCommand::kSend}}};

options::options_description known_options(SpoolCommand command) {
  options::options_description known("Options", 110);
  auto add = known.add_options();
  switch (command) {
    case SpoolCommand::kVerify:
      break;
    case SpoolCommand::kDump:
      add("all", "acknowledged events too, as far as they are still on disk");
      add("limit", options::value<std::string>()->value_name("N"), "at most so many events");
      break;
    case SpoolCommand::kExport:
      add("all", "acknowledged events too, as far as they are still on disk");
      break;
    case SpoolCommand::kRepair:
      add("dry-run", "only tell what would be done");
      break;
    case SpoolCommand::kSend:
      add("config", options::value<std::string>()->value_name("FILE"), "the daemon's configuration file");
      add("route", options::value<std::string>()->value_name("NAME"),
          "the produce route of FILE (default: the one with the name of DIR's last folder)");
      add("topic", options::value<std::string>()->value_name("TOPIC"), "another topic than the route's");
      add("deadline", options::value<std::string>()->value_name("TIME"),
          "give up after this time, such as 90s or 1h (default: 5m)");
      break;
  }
  add("help", "this text");
  return known;
}

std::string help_of(SpoolCommand command) {
  std::ostringstream text;
  switch (command) {
    case SpoolCommand::kVerify:
      text << kVerifyHelp;
      break;
    case SpoolCommand::kDump:
      text << kDumpHelp;
      break;
    case SpoolCommand::kExport:
      text << kExportHelp << kExportFormat << kExportNotes;
      break;
    case SpoolCommand::kRepair:
      text << kRepairHelp;
      break;
    case SpoolCommand::kSend:
      text << kSendHelp;
      break;
  }
  text << '\n' << known_options(command);
  return text.str();
}

tl::unexpected<Error> usage_error(const std::string& what, const std::string& command) {
  return fail(ErrorCode::kInvalid, what + "; see hubferryctl " + command + "--help");
}

Status read_values(const options::variables_map& values, const std::string& help, SpoolArguments& arguments) {
  const auto text = [&values](const char* name) {
    return values.count(name) != 0 ? values[name].as<std::string>() : std::string();
  };
  arguments.directory = text("DIR");
  if (arguments.directory.empty()) return usage_error("name the DIR of a spool", help);
  arguments.all = values.count("all") != 0;
  arguments.dry_run = values.count("dry-run") != 0;
  if (values.count("limit") != 0) {
    const auto limit = config::parse_integer(text("limit"));
    if (!limit || *limit < 1) return usage_error("--limit takes a whole number above 0", help);
    arguments.limit = static_cast<std::uint64_t>(*limit);
  }
  if (arguments.command != SpoolCommand::kSend) return {};
  arguments.config = text("config");
  if (arguments.config.empty()) return usage_error("--config FILE is missing: it says where the broker is", help);
  arguments.route = text("route");
  arguments.topic = text("topic");
  const auto deadline = config::parse_duration(values.count("deadline") != 0 ? text("deadline") : "5m");
  if (!deadline || *deadline < 1) return usage_error("--deadline takes a time such as 90s, 5m or 1h", help);
  arguments.deadline = Milliseconds(*deadline);
  return {};
}

Result<Arguments> parse_spool(const Command& command, const std::vector<std::string>& rest) {
  using options::command_line_style::style_t;
  constexpr int kStyle = style_t::allow_long | style_t::long_allow_adjacent | style_t::long_allow_next;
  const std::string help = std::string("spool ") + command.name + ' ';
  Arguments result;
  if (std::find(rest.begin(), rest.end(), "--help") != rest.end()) {
    result.help = help_of(command.command);
    return result;
  }
  options::options_description known = known_options(command.command);
  known.add_options()("DIR", options::value<std::string>());
  options::positional_options_description positions;
  positions.add("DIR", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(rest).options(known).positional(positions).style(kStyle).run(), values);
  } catch (const options::too_many_positional_options_error&) {
    return usage_error("one DIR at a time", help);
  } catch (const options::error& error) {
    return usage_error(error.what(), help);
  }
  result.spool.command = command.command;
  if (auto status = read_values(values, help, result.spool); !status) return tl::make_unexpected(status.error());
  return result;
}

}  // namespace

Result<Arguments> parse(const std::vector<std::string>& arguments) {
  const auto is = [&arguments](std::size_t index, std::string_view word) {
    return arguments.size() > index && arguments[index] == word;
  };
  if (is(0, "--help")) return Arguments{{}, std::string(kUsage)};
  if (is(0, "--version")) return Arguments{{}, "hubferryctl " HUBFERRY_VERSION "\n"};
  if (arguments.empty()) return usage_error("say what to do", "");
  if (!is(0, "spool")) return usage_error("unknown command " + arguments[0] + "; there is: spool", "");
  if (is(1, "--help")) return Arguments{{}, std::string(kUsage)};
  if (arguments.size() > 1) {
    for (const Command& command : kCommands) {
      if (arguments[1] == command.name) return parse_spool(command, {arguments.begin() + 2, arguments.end()});
    }
  }
  return usage_error("spool takes one of verify, dump, export, repair, send", "");
}

}  // namespace hubferry::ctl

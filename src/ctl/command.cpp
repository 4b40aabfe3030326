#include "ctl/command.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>
#include <string_view>

namespace hubferry::ctl {
namespace {

namespace options = boost::program_options;

constexpr std::string_view kUsage =
    "Usage: hubferryctl COMMAND [OPTIONS]\n"
    "       hubferryctl --help | --version\n"
    "\n"
    "Looks into and mends what hubferryd keeps: on its disk, in the topics and in the consumer groups.\n"
    "\n";

constexpr std::string_view kUsageEnd =
    "\n"
    "Each takes --help. Exit codes: 0 done, 1 something was found or is left, 2 wrong usage or nothing could be "
    "done.\n";

using Values = std::vector<std::string>;

std::string full_name(const Family& family, const Command& command) {
  return command.name.empty() ? family.name : family.name + ' ' + command.name;
}

std::string names_of(const Family& family) {
  std::string names;
  for (const Command& command : family.commands) names += (names.empty() ? "" : ", ") + command.name;
  return names;
}

std::string usage() {
  std::string text(kUsage);
  for (const Family& family : families()) {
    const std::string name = family.name + ' ' + (family.commands.front().name.empty() ? "" : names_of(family));
    text += "  " + name + (name.size() < 34 ? std::string(34 - name.size(), ' ') : "\n" + std::string(36, ' ')) +
            family.summary + '\n';
  }
  return text += kUsageEnd;
}

std::string usage_of(const Family& family) {
  std::string text;
  for (const Command& command : family.commands) {
    text += command.help.substr(0, command.help.find('\n') + 1);
  }
  return text + '\n' + family.summary + ". Each takes --help.\n";
}

options::options_description known_options(const Command& command) {
  options::options_description known("Options", 110);
  for (const Option& option : command.options) {
    if (option.value == nullptr) {
      known.add_options()(option.name, option.help);
      continue;
    }
    auto* value = options::value<Values>()->value_name(option.value);
    if (option.repeated) value->composing();
    known.add_options()(option.name, value, option.help);
  }
  known.add_options()("help", "this text");
  return known;
}

tl::unexpected<Error> usage_error(const std::string& what, const std::string& command) {
  return fail(ErrorCode::kInvalid, what + "; see hubferryctl " + command + (command.empty() ? "" : " ") + "--help");
}

Result<std::map<std::string, Values>> collect(const options::parsed_options& parsed, const Command& command,
                                              const std::string& name) {
  std::map<std::string, Values> given;
  for (const auto& option : parsed.options) {
    const auto known = std::find_if(command.options.begin(), command.options.end(),
                                    [&](const Option& candidate) { return option.string_key == candidate.name; });
    Values& values = given[option.string_key];
    if (!values.empty() && (known == command.options.end() || !known->repeated)) {
      if (option.string_key == "argument")
        return usage_error("one " + std::string(command.argument) + " at a time", name);
      return usage_error("--" + option.string_key + " was given twice", name);
    }
    values.insert(values.end(), option.value.begin(), option.value.end());
  }
  return given;
}

Result<Arguments> parse_command(const Family& family, const Command& command, const Values& rest) {
  using options::command_line_style::style_t;
  constexpr int kStyle = style_t::allow_long | style_t::long_allow_adjacent | style_t::long_allow_next;
  const std::string name = full_name(family, command);
  Arguments result;
  result.command = &command;
  options::options_description known = known_options(command);
  if (std::find(rest.begin(), rest.end(), "--help") != rest.end()) {
    std::ostringstream text;
    text << command.help << '\n' << known;
    result.help = text.str();
    return result;
  }
  options::positional_options_description positions;
  if (command.argument != nullptr) {
    known.add_options()("argument", options::value<Values>());
    positions.add("argument", -1);
  }
  try {
    const auto parsed = options::command_line_parser(rest).options(known).positional(positions).style(kStyle).run();
    options::variables_map checked;
    options::store(parsed, checked);
    auto given = collect(parsed, command, name);
    if (!given) return tl::make_unexpected(given.error());
    if (auto argument = given->extract("argument"); !argument.empty()) {
      argument.key() = command.argument;
      given->insert(std::move(argument));
    }
    result.options = Options(std::move(*given), "hubferryctl " + name + " --help");
  } catch (const options::too_many_positional_options_error&) {
    return usage_error("it takes options only, no further word", name);
  } catch (const options::error& error) {
    return usage_error(error.what(), name);
  }
  return result;
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> all{spool_family(),      topics_family(), partitions_family(),
                                       checkpoint_family(), lag_family(),    dead_letter_family(),
                                       pause_family(),      resume_family(), breaker_family()};
  return all;
}

Result<Arguments> parse(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return usage_error("say what to do", "");
  const std::string& word = arguments[0];
  if (word == "--help") return Arguments{nullptr, {}, usage()};
  if (word == "--version") return Arguments{nullptr, {}, "hubferryctl " HUBFERRY_VERSION "\n"};
  const auto family =
      std::find_if(families().begin(), families().end(), [&](const Family& f) { return f.name == word; });
  if (family == families().end()) {
    std::string names;
    for (const Family& known : families()) names += (names.empty() ? "" : ", ") + known.name;
    return usage_error("unknown command " + word + "; there is: " + names, "");
  }
  if (family->commands.front().name.empty()) {
    return parse_command(*family, family->commands.front(), {arguments.begin() + 1, arguments.end()});
  }
  if (arguments.size() > 1) {
    if (arguments[1] == "--help") return Arguments{nullptr, {}, usage_of(*family)};
    for (const Command& command : family->commands) {
      if (arguments[1] == command.name)
        return parse_command(*family, command, {arguments.begin() + 2, arguments.end()});
    }
  }
  return usage_error(word + " takes one of " + names_of(*family), word);
}

}  // namespace hubferry::ctl

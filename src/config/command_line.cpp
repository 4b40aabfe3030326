#include "config/command_line.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <map>

#include "config/environment.h"
#include "config/schema.h"

namespace hubferry::config {
namespace {

namespace options = boost::program_options;

constexpr std::array<const char*, 6> kCommands{"config", "check", "print-config", "embedded-broker", "help", "version"};

const Origin kOrigin{Source::kCommandLine, "command line"};

// Names only: an argument may hold a secret.
Error error(std::string_view option, std::string_view reason) {
  const std::string name = shown(option.substr(0, option.find('=')), false);
  return Error{ErrorCode::kInvalid, "command line: " + name + (name.empty() ? "" : ": ") + std::string(reason),
               Disposition::kFatal};
}

options::options_description description() {
  options::options_description known;
  auto add = known.add_options();
  add("config", options::value<std::string>());
  for (const char* flag : {"check", "print-config", "embedded-broker", "help", "version"}) add(flag, "");
  for (const Key& key : schema()) {
    if (!key.section.ends_with(".*")) add(full_key(key).c_str(), options::value<std::string>());
  }
  for (const char* family : {"produce.*", "consume.*", "kafka.*"}) add(family, options::value<std::string>());
  return known;
}

Result<std::vector<options::option>> split(const std::vector<std::string>& arguments) {
  using options::command_line_style::style_t;
  constexpr int kStyle = style_t::allow_long | style_t::long_allow_adjacent | style_t::long_allow_next;
  try {
    const auto known = description();
    return options::command_line_parser(arguments).options(known).style(kStyle).allow_unregistered().run().options;
  } catch (const options::invalid_command_line_syntax& e) {
    using Syntax = options::invalid_command_line_syntax;
    const bool extra = e.kind() == Syntax::extra_parameter;
    return tl::make_unexpected(error(e.get_option_name(), extra ? "takes no value" : "needs a value: --KEY=VALUE"));
  } catch (const options::error_with_option_name& e) {
    return tl::make_unexpected(error(e.get_option_name(), "cannot be read; see --help"));
  } catch (const options::error&) {
    return tl::make_unexpected(error({}, "cannot be read; see --help"));
  }
}

Error unknown(const std::string& name, const std::string& reason) {
  std::vector<std::string> commands(kCommands.begin(), kCommands.end());
  if (name.find('.') != std::string::npos) return error("--" + name, reason);
  return error("--" + name, "unknown option; the nearest known one is --" + nearest(name, commands) +
                                "; a setting reads --SECTION.KEY=VALUE, see --help");
}

Status add_assignment(CommandLine& line, std::map<std::string, int>& seen, const std::string& name,
                      const std::string& value) {
  const auto match = find_key(name);
  if (!match) return tl::make_unexpected(unknown(name, match.error()));
  if (is_secret(name)) {
    const std::string instead = match->key == nullptr ? ", or in a file that only the daemon reads" : "";
    return tl::make_unexpected(error("--" + name,
                                     "a secret is not accepted here, it would show in the process list: give it as "
                                     "HUBFERRY_" +
                                         variable_name(name) + " in the environment" + instead));
  }
  const std::string unique = match->key == nullptr ? "kafka." + match->property : name;
  if (++seen[unique] > 1) return tl::make_unexpected(error("--" + name, "was given twice"));
  line.assignments.push_back({name, value, kOrigin});
  return {};
}

}  // namespace

Result<CommandLine> read_command_line(const std::vector<std::string>& arguments) {
  const auto parsed = split(arguments);
  if (!parsed) return tl::make_unexpected(parsed.error());
  CommandLine line;
  std::map<std::string, int> seen;
  const std::map<std::string, bool*> flags{
      {"check", &line.check}, {"print-config", &line.print_config}, {"help", &line.help}, {"version", &line.version}};
  for (const options::option& option : *parsed) {
    const std::string& name = option.string_key;
    if (name.empty())
      return tl::make_unexpected(error({}, "an argument without --; settings read --SECTION.KEY=VALUE"));
    const std::string value = option.value.empty() ? std::string() : option.value.front();
    Status status;
    if (const auto flag = flags.find(name); flag != flags.end()) {
      *flag->second = true;
    } else if (name == "embedded-broker") {
      status = add_assignment(line, seen, "embedded-broker.enabled", "true");
    } else if (name == "config") {
      if (++seen[name] > 1) status = tl::make_unexpected(error("--config", "was given twice"));
      line.config = value;
    } else {
      status = add_assignment(line, seen, name, value);
    }
    if (!status) return tl::make_unexpected(status.error());
  }
  return line;
}

}  // namespace hubferry::config

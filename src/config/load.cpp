#include "config/load.h"

#include <exception>

#include "config/command_line.h"
#include "config/effective.h"
#include "config/environment.h"
#include "config/file.h"
#include "config/print.h"
#include "config/schema.h"

namespace hubferry::config {
namespace {

using Assignments = std::vector<Assignment>;

// A later call wins over an earlier one; aliases of one librdkafka property are one key.
void merge(const Assignments& assignments, Merged& merged) {
  for (const Assignment& assignment : assignments) {
    const auto match = find_key(assignment.key);
    const bool property = match && match->key == nullptr;
    merged[property ? "kafka." + match->property : assignment.key] = assignment;
  }
}

RouteNames route_names(const Merged& merged) {
  RouteNames names;
  for (const auto& [name, assignment] : merged) {
    const auto match = find_key(name);
    if (!match || match->key == nullptr) continue;
    if (match->key->section == "produce.*") names.produce.insert(match->route);
    if (match->key->section == "consume.*") names.consume.insert(match->route);
  }
  return names;
}

Result<Merged> gather(const CommandLine& line, const std::vector<std::string>& environment) {
  Merged merged;
  const std::string path = line.config.empty() ? config_path(environment) : line.config;
  if (!path.empty()) {
    const auto text = read_text_file(path, "configuration file");
    if (!text) return tl::make_unexpected(text.error());
    const auto file = parse_file(*text, path);
    if (!file) return tl::make_unexpected(file.error());
    merge(*file, merged);
  }
  Merged named = merged;
  merge(line.assignments, named);
  const auto variables = read_environment(environment, route_names(named));
  if (!variables) return tl::make_unexpected(variables.error());
  merge(*variables, merged);
  merge(line.assignments, merged);
  return merged;
}

Command command_of(const CommandLine& line) {
  if (line.help) return Command::kHelp;
  if (line.version) return Command::kVersion;
  if (line.print_config) return Command::kPrintConfig;
  return line.check ? Command::kCheck : Command::kRun;
}

Result<Invocation> read(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  const auto line = read_command_line(arguments);
  if (!line) return tl::make_unexpected(line.error());
  Invocation invocation;
  invocation.command = command_of(*line);
  if (invocation.command == Command::kHelp) invocation.text = help_text();
  if (invocation.command == Command::kVersion) invocation.text = "hubferryd " HUBFERRY_VERSION "\n";
  if (!invocation.text.empty()) return invocation;

  const auto given = gather(*line, environment);
  if (!given) return tl::make_unexpected(given.error());
  auto result = effective(*given);
  if (!result) return tl::make_unexpected(result.error());
  if (invocation.command == Command::kPrintConfig) {
    invocation.text = config_text(result->assignments, result->properties);
  }
  invocation.settings = std::move(result->settings);
  return invocation;
}

}  // namespace

Result<Invocation> load(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  try {
    return read(arguments, environment);
  } catch (const std::exception&) {
    return fail(ErrorCode::kInternal, "the configuration cannot be read: a defect of this program, please report it",
                Disposition::kFatal);
  }
}

}  // namespace hubferry::config

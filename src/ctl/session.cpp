#include "ctl/session.h"

#include <algorithm>
#include <istream>
#include <ostream>

#include "config/load.h"
#include "observe/logging.h"

namespace hubferry::ctl {
namespace {

constexpr Milliseconds kTimeout{15'000};

std::string names_of(const std::vector<config::ConsumeRoute>& routes) {
  std::string names;
  for (const auto& route : routes) names += (names.empty() ? "" : ", ") + route.name;
  return names.empty() ? "none" : names;
}

// Below that only what an operator must know: the command itself tells the rest.
Status start_logging(const config::LogSettings& log) {
  const bool verbose = log.level == "trace" || log.level == "debug" || log.level == "error";
  return observe::start_logging(verbose ? log.level : "warn", log.format == config::LogFormat::kJson);
}

}  // namespace

int complain(Output& output, const Error& error) {
  output.error << "hubferryctl: " << error.message << '\n';
  return kUnusable;
}

Result<config::Settings> load_settings(const std::string& file, const std::vector<std::string>& environment) {
  const bool variables = std::any_of(environment.begin(), environment.end(),
                                     [](const std::string& entry) { return entry.starts_with("HUBFERRY_"); });
  if (file.empty() && !variables) {
    return fail(ErrorCode::kInvalid,
                "--config FILE is missing: it says where the broker is and which routes there are");
  }
  std::vector<std::string> arguments;
  if (!file.empty()) arguments = {"--config", file};
  auto invocation = config::load(arguments, environment);
  if (!invocation) return tl::make_unexpected(invocation.error());
  if (invocation->settings.embedded_broker.enabled) {
    return fail(ErrorCode::kInvalid, (file.empty() ? "HUBFERRY_EMBEDDED_BROKER_ENABLED" : file) +
                                         " enables the embedded broker, which forgets everything at the end; give a "
                                         "configuration with the real broker");
  }
  return std::move(invocation->settings);
}

Result<Desk> open_desk(const Options& options, Session& session) {
  const auto timeout = options.duration("timeout");
  if (!timeout) return tl::make_unexpected(timeout.error());
  auto settings = load_settings(options.text("config"), session.environment);
  if (!settings) return tl::make_unexpected(settings.error());
  if (auto status = start_logging(settings->log); !status) return tl::make_unexpected(status.error());
  auto admin = session.clients.admin(settings->consumer_properties);
  if (!admin) return tl::make_unexpected(admin.error());
  return Desk{std::move(*settings), timeout->value_or(kTimeout), options.has("json"), std::move(*admin)};
}

Result<const config::ConsumeRoute*> consume_route(const config::Settings& settings, const Options& options) {
  const std::string name = options.text("route");
  const auto& routes = settings.consume;
  if (name.empty()) {
    if (routes.size() == 1) return &routes.front();
    return options.wrong("name the consume route with --route (there are: " + names_of(routes) + ")");
  }
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const auto& route) { return route.name == name; });
  if (found != routes.end()) return &*found;
  return options.wrong("the configuration has no section [consume." + name + "] (there are: " + names_of(routes) + ")");
}

Result<RouteDesk> open_route(const Options& options, Session& session) {
  auto desk = open_desk(options, session);
  if (!desk) return tl::make_unexpected(std::move(desk).error());
  const auto route = consume_route(desk->settings, options);
  if (!route) return tl::make_unexpected(route.error());
  return RouteDesk{std::move(*desk), *route};  // moving settings leaves the routes where they are
}

Result<std::vector<const config::ConsumeRoute*>> consume_routes(const config::Settings& settings,
                                                                const Options& options) {
  std::vector<const config::ConsumeRoute*> chosen;
  if (options.has("route")) {
    const auto route = consume_route(settings, options);
    if (!route) return tl::make_unexpected(route.error());
    chosen.push_back(*route);
    return chosen;
  }
  for (const auto& route : settings.consume) chosen.push_back(&route);
  if (chosen.empty()) return fail(ErrorCode::kNotFound, "the configuration has no consume route");
  return chosen;
}

Result<bool> confirmed(const Options& options, Session& session, const std::string& question) {
  if (options.has("yes")) return true;
  if (!session.input.is_terminal || session.input.in == nullptr) {
    return fail(ErrorCode::kInvalid, "nothing was changed: without a terminal to ask on it needs --yes");
  }
  session.output.out << std::flush;
  session.output.error << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(*session.input.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return true;
  session.output.error << "nothing was changed\n";
  return false;
}

}  // namespace hubferry::ctl

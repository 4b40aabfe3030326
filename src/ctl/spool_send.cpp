#include <algorithm>
#include <ostream>

#include "config/values.h"
#include "ctl/progress.h"
#include "ctl/session.h"
#include "ctl/signals.h"
#include "ctl/spool_commands.h"
#include "observe/health.h"
#include "observe/logging.h"
#include "produce/produce_road.h"
#include "spool/feedback.h"

namespace hubferry::ctl {
namespace {

namespace fs = std::filesystem;

std::string names_of(const std::vector<config::ProduceRoute>& routes) {
  std::string names;
  for (const auto& route : routes) names += (names.empty() ? "" : ", ") + route.name;
  return names.empty() ? "none" : names;
}

std::string folder_name(const fs::path& directory) {
  const fs::path normal = fs::absolute(directory).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

// The wrong topic would be worse than a question: only a route that is named, or has the folder's name, is taken.
Result<config::ProduceRoute> choose_route(const SpoolArguments& arguments, const config::Settings& settings) {
  const std::string name = arguments.route.empty() ? folder_name(arguments.directory) : arguments.route;
  const auto found = std::find_if(settings.produce.begin(), settings.produce.end(),
                                  [&name](const config::ProduceRoute& route) { return route.name == name; });
  config::ProduceRoute route;
  if (found != settings.produce.end()) {
    route = *found;
  } else if (!arguments.route.empty() || arguments.topic.empty()) {
    return fail(ErrorCode::kInvalid, arguments.config + " has no section [produce." + name +
                                         "]; name the route with --route (there are: " + names_of(settings.produce) +
                                         ") or the topic with --topic");
  }
  route.name = name;
  if (arguments.topic.empty()) return route;
  const auto topic = config::parse_value(config::Kind::kTopic, arguments.topic, {}, {});
  if (!topic) return fail(ErrorCode::kInvalid, "--topic " + topic.error());
  route.topic = topic->text;
  return route;
}

struct Outcome {
  std::uint64_t left = 0;
  std::string reason;  // why something is left
};

// Runs the road until nothing is left, the deadline passed or a signal came.
Result<Outcome> empty(spool::Spool& spool, const SpoolArguments& arguments, const config::ProduceRoute& route,
                      const config::Settings& settings, const HeldSignals& signals, Output& output) {
  constexpr Milliseconds kLook{50};
  observe::Metrics metrics;
  observe::Health health;
  spool::Feedback feedback;
  const produce::Connections connections{settings.producer_properties, settings.consumer_properties,
                                         arguments.directory};
  auto road = produce::ProduceRoad::create(route, connections, spool, feedback, metrics, health);
  if (!road) return tl::make_unexpected(road.error());
  const Instant begin = SteadyClock::now();
  Progress progress(output.error, output.error_is_terminal, spool.statistics().unacknowledged, begin);
  (*road)->start();
  std::string reason;
  while (spool.statistics().unacknowledged != 0) {
    progress.show(spool.statistics().unacknowledged, SteadyClock::now());
    if (const char* name = signals.wait(kLook)) reason = std::string("ended by ") + name;
    if (reason.empty() && SteadyClock::now() - begin >= arguments.deadline) {
      reason = "the deadline of " + config::duration_text(arguments.deadline.count()) + " passed";
    }
    if (!reason.empty()) break;
  }
  (*road)->stop();
  const std::uint64_t left = spool.statistics().unacknowledged;
  progress.finish(left, SteadyClock::now());
  for (const auto& [name, part] : health.parts()) {
    if (!part.reason.empty()) reason += "; " + part.reason;
  }
  return Outcome{left, std::move(reason)};
}

int send(const SpoolArguments& arguments, const config::ProduceRoute& route, const config::Settings& settings,
         Output& output) {
  const HeldSignals signals;
  spool::Options options;
  options.directory = arguments.directory;
  options.segment_bytes = route.spool_segment_bytes;
  auto opened = OpenedSpool::open(spool::real_file_system(), options);
  if (!opened) return complain(output, opened.error());
  for (const auto& notice : (*opened)->notices()) output.error << notice << '\n';
  const std::uint64_t refused_before = count_refused(arguments.directory);
  const std::uint64_t total = (*opened)->spool().statistics().unacknowledged;
  if (total == 0) {
    opened->reset();
    output.error << "the spool is empty\n";
    return kSound;
  }
  output.error << total << " events of " << arguments.directory.string() << " go to topic " << route.topic << '\n';
  const auto outcome = empty((*opened)->spool(), arguments, route, settings, signals, output);
  opened->reset();
  if (!outcome) return complain(output, outcome.error());
  if (const std::uint64_t refused = count_refused(arguments.directory) - refused_before; refused != 0) {
    output.error << "hubferryctl: " << refused << " events were refused for good and are not in the topic: see "
                 << (arguments.directory / "refused.ndjson").string() << '\n';
  }
  if (outcome->left == 0) {
    output.error << "the spool is empty\n";
    return kSound;
  }
  output.error << "hubferryctl: " << outcome->left << " of " << total << " events are left: " << outcome->reason
               << ". Nothing is lost: run the same again\n";
  return kFound;
}

}  // namespace

int spool_send(const SpoolArguments& arguments, const std::vector<std::string>& environment, Output& output) {
  if (auto checked = check_directory(arguments.directory); !checked) return complain(output, checked.error());
  const auto settings = load_settings(arguments.config, environment);
  if (!settings) return complain(output, settings.error());
  const auto route = choose_route(arguments, *settings);
  if (!route) return complain(output, route.error());
  const bool quiet = output.error_is_terminal && settings->log.level == "info";  // the bar tells enough
  const auto logging =
      observe::start_logging(quiet ? "warn" : settings->log.level, settings->log.format == config::LogFormat::kJson);
  if (!logging) return complain(output, logging.error());
  for (const auto& warning : settings->warnings) output.error << "warning: " << warning << '\n';
  const int code = send(arguments, *route, *settings, output);
  hand_over(arguments.directory);
  return code;
}

}  // namespace hubferry::ctl

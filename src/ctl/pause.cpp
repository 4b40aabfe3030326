#include "ctl/pause.h"

#include <boost/json.hpp>
#include <ostream>

#include "ctl/daemon_call.h"

namespace hubferry::ctl {
namespace {

constexpr const char* kPauseHelp =
    "Usage: hubferryctl pause --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Asks a running daemon to deliver no further events of a consume route. What the handler has is finished, the\n"
    "daemon stays in its group and keeps its partitions. It counts for this instance only, until hubferryctl resume "
    "or\n"
    "the daemon's next start: do the same with each instance.\n"
    "Exit code: 0 done, 2 wrong usage, refused or no answer.\n";

constexpr const char* kResumeHelp =
    "Usage: hubferryctl resume --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Lets a running daemon deliver the events of a consume route again, after hubferryctl pause. It counts for this\n"
    "instance only.\n"
    "Exit code: 0 done, 2 wrong usage, refused or no answer.\n";

int ask(const Options& options, Session& session, bool pause) {
  const auto settings = load_settings(options.text("config"), session.environment);
  if (!settings) return complain(session.output, settings.error());
  const auto route = consume_route(*settings, options);
  if (!route) return complain(session.output, route.error());
  const auto daemon = daemon_of(options, *settings);
  if (!daemon) return complain(session.output, daemon.error());
  const std::string path = "/v1/routes/" + (*route)->name + (pause ? "/pause" : "/resume");
  const auto response = post(*daemon, path, {});
  if (!response) return complain(session.output, response.error());
  const auto told = pause_answer(daemon->url + path, (*route)->name, pause, *response);
  if (!told) return complain(session.output, told.error());
  session.output.out << *told << '\n';
  return kSound;
}

int pause(const Options& options, Session& session) {
  return ask(options, session, true);
}
int resume(const Options& options, Session& session) {
  return ask(options, session, false);
}

std::vector<Option> known() {
  return with_daemon_options({kConfigOption, {"route", "NAME", "the consume route (default: the only one)"}});
}

}  // namespace

Result<std::string> pause_answer(const std::string& url, const std::string& route, bool pause,
                                 const http::ClientResponse& response) {
  const auto object = object_of(url, response, "that daemon has no consume route " + route);
  if (!object) return tl::make_unexpected(object.error());
  const auto* paused = object->if_contains("paused");
  if (paused == nullptr || !paused->is_bool() || paused->get_bool() != pause) return unexpected_answer(url, response);
  return "route " + route + (pause ? " is paused" : " delivers again") +
         " in this instance; other instances of the daemon are not touched";
}

const Family& pause_family() {
  static const Family family{
      "pause", "Stop the deliveries of a consume route, in one daemon", {{"", kPauseHelp, known(), pause}}};
  return family;
}

const Family& resume_family() {
  static const Family family{"resume", "Let them go on", {{"", kResumeHelp, known(), resume}}};
  return family;
}

}  // namespace hubferry::ctl

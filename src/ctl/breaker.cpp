#include "ctl/breaker.h"

#include <algorithm>
#include <boost/json.hpp>
#include <ostream>

#include "ctl/daemon_call.h"
#include "ctl/table.h"
#include "observe/json_text.h"

namespace hubferry::ctl {
namespace {

constexpr const char* kStatusHelp =
    "Usage: hubferryctl breaker status --config FILE [OPTIONS]\n"
    "\n"
    "Shows the circuit breaker of each consume route, as a running daemon knows it.\n"
    "Exit code: 0 all are closed, 1 one is not, 2 wrong usage or no answer.\n";

constexpr const char* kOpenHelp =
    "Usage: hubferryctl breaker open --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Opens the circuit breaker of a consume route: nothing is delivered until somebody resumes it. With a control "
    "topic\n"
    "that stops ALL instances; hubferryctl pause stops one. No event is lost.\n"
    "Exit code: 0 done, 1 not confirmed, 2 wrong usage, refused or no answer.\n";

constexpr const char* kCloseHelp =
    "Usage: hubferryctl breaker close --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Closes the circuit breaker of a consume route without trying a few events first: everything is delivered again "
    "at\n"
    "once. hubferryctl breaker probe is the careful way.\n"
    "Exit code: 0 done, 1 not confirmed, 2 wrong usage, refused or no answer.\n";

constexpr const char* kProbeHelp =
    "Usage: hubferryctl breaker probe --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Resumes a consume route whose circuit breaker is open: a few events are tried, one after another; if they "
    "succeed,\n"
    "the breaker closes, if not, it opens again.\n"
    "Exit code: 0 done, 2 wrong usage, refused or no answer.\n";

constexpr const char* kPath = "/v1/breakers";
constexpr std::size_t kMostReason = 500;  // bytes

std::string text_in(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
}

std::int64_t number_in(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr || !value->is_int64() ? -1 : value->get_int64();
}

// "ALL instances (3 now)"
std::string who(const BreakerState& breaker) {
  if (!breaker.shared()) return "this one instance of the daemon";
  return breaker.instances < 0 ? "ALL instances" : "ALL instances (" + std::to_string(breaker.instances) + " now)";
}

struct Asked {
  Daemon daemon;
  std::vector<BreakerState> breakers;
};

Result<Asked> ask(const Options& options, const config::Settings& settings) {
  auto daemon = daemon_of(options, settings);
  if (!daemon) return tl::make_unexpected(daemon.error());
  const auto response = get(*daemon, kPath);
  if (!response) return tl::make_unexpected(response.error());
  auto breakers = breaker_states(daemon->url + kPath, *response);
  if (!breakers) return tl::make_unexpected(breakers.error());
  return Asked{std::move(*daemon), std::move(*breakers)};
}

// That of the route; an error if the daemon has none.
Result<BreakerState> only(const Asked& asked, const std::string& route) {
  for (const BreakerState& each : asked.breakers) {
    if (each.route == route) return each;
  }
  return fail(ErrorCode::kNotFound,
              "the daemon at " + asked.daemon.url + " has no breaker of a consume route " + route);
}

void write(const std::vector<BreakerState>& breakers, std::ostream& out, bool json) {
  Table table({"route", "state", "scope", "since", "failures", "lag", "reason", "remarks"});
  for (const BreakerState& each : breakers) {
    if (json) {
      out << boost::json::serialize(each.object) << '\n';
      continue;
    }
    const std::string scope =
        each.shared() && each.instances >= 0 ? each.scope + " (" + std::to_string(each.instances) + ')' : each.scope;
    const std::string failures =
        std::to_string(each.failures) + " of " + std::to_string(each.threshold) + " in " + age_text(each.window_ms);
    table.add({each.route, each.state, scope, known(each.since), each.failures < 0 ? Table::Cell() : failures,
               known(each.lag), known(each.reason),
               each.trouble.empty() ? Table::Cell() : "may be old: " + each.trouble});
  }
  table.write(out, false);
}

int status(const Options& options, Session& session) {
  const auto settings = load_settings(options.text("config"), session.environment);
  if (!settings) return complain(session.output, settings.error());
  auto asked = ask(options, *settings);
  if (!asked) return complain(session.output, asked.error());
  if (options.has("route")) {
    auto one = only(*asked, options.text("route"));
    if (!one) return complain(session.output, one.error());
    asked->breakers = {std::move(*one)};
  }
  if (asked->breakers.empty()) {
    return complain(session.output,
                    {ErrorCode::kNotFound, "the daemon at " + asked->daemon.url + " has no consume route"});
  }
  write(asked->breakers, session.output.out, options.has("json"));
  const bool closed = std::all_of(asked->breakers.begin(), asked->breakers.end(),
                                  [](const BreakerState& each) { return each.state == "closed"; });
  return closed ? kSound : kFound;
}

// Who asks, for the daemon's log.
std::string asker(const Session& session) {
  constexpr std::string_view kUser = "USER=";
  for (const std::string& entry : session.environment) {
    if (entry.starts_with(kUser)) return entry.substr(kUser.size()) + " with hubferryctl";
  }
  return "hubferryctl";
}

// `will`: what the instances will do, to be confirmed; empty: nothing is asked.
int command(const Options& options, Session& session, const std::string& verb, const std::string& will) {
  const std::string reason = options.text("reason");
  if (reason.size() > kMostReason) {
    return complain(session.output, options.wrong("--reason takes at most 500 bytes").value());
  }
  const auto settings = load_settings(options.text("config"), session.environment);
  if (!settings) return complain(session.output, settings.error());
  const auto route = consume_route(*settings, options);
  if (!route) return complain(session.output, route.error());
  const auto asked = ask(options, *settings);
  if (!asked) return complain(session.output, asked.error());
  const auto breaker = only(*asked, (*route)->name);
  if (!breaker) return complain(session.output, breaker.error());
  if (!will.empty()) {
    session.output.error << "route " << breaker->route << ": " << who(*breaker) << " will " << will << '\n';
    const auto go_on = confirmed(options, session, "The breaker is " + breaker->state + " now. Go on?");
    if (!go_on) return complain(session.output, go_on.error());
    if (!*go_on) return kFound;
  }
  std::string body = "{\"by\":" + observe::json_string(asker(session));
  if (!reason.empty()) body += ",\"reason\":" + observe::json_string(reason);
  const std::string path = kPath + ('/' + breaker->route) + '/' + verb;
  const auto response = post(asked->daemon, path, body + '}');
  if (!response) return complain(session.output, response.error());
  const auto told = breaker_answer(asked->daemon.url + path, verb, *breaker, *response);
  if (!told) return complain(session.output, told.error());
  session.output.out << *told << '\n';
  return kSound;
}

int open(const Options& options, Session& session) {
  return command(options, session, "open", "deliver nothing until somebody resumes it");
}
int close(const Options& options, Session& session) {
  return command(options, session, "close", "deliver at once and at the full rate, without trying a few events first");
}
int probe(const Options& options, Session& session) {
  return command(options, session, "probe", {});
}

std::vector<Option> known_options(std::vector<Option> own, const char* route) {
  own.insert(own.begin(), {kConfigOption, {"route", "NAME", route}});
  return with_daemon_options(std::move(own));
}

}  // namespace

Result<std::vector<BreakerState>> breaker_states(const std::string& url, const http::ClientResponse& response) {
  const auto answer = object_of(url, response, "that daemon knows no breakers: it is older than this hubferryctl");
  if (!answer) return tl::make_unexpected(answer.error());
  const auto* list = answer->if_contains("breakers");
  if (list == nullptr || !list->is_array()) return unexpected_answer(url, response);
  std::vector<BreakerState> breakers;
  for (const auto& each : list->get_array()) {
    if (!each.is_object()) return unexpected_answer(url, response);
    const auto& object = each.get_object();
    BreakerState breaker;
    breaker.route = text_in(object, "route");
    breaker.state = text_in(object, "state");
    breaker.scope = text_in(object, "scope");
    if (breaker.route.empty() || breaker.state.empty() || breaker.scope.empty())
      return unexpected_answer(url, response);
    breaker.since = text_in(object, "since");
    breaker.reason = text_in(object, "reason");
    breaker.trouble = text_in(object, "trouble");
    breaker.failures = number_in(object, "failures");
    breaker.threshold = number_in(object, "threshold");
    breaker.window_ms = number_in(object, "window_ms");
    breaker.lag = number_in(object, "lag_events");
    breaker.instances = number_in(object, "instances");
    breaker.object = object;
    breakers.push_back(std::move(breaker));
  }
  return breakers;
}

Result<std::string> breaker_answer(const std::string& url, const std::string& verb, const BreakerState& asked,
                                   const http::ClientResponse& response) {
  const auto object = object_of(url, response, "that daemon has no breaker of a consume route " + asked.route);
  if (!object) return tl::make_unexpected(object.error());
  const auto* done = object->if_contains("done");
  if (done == nullptr || !done->is_bool() || !done->get_bool()) return unexpected_answer(url, response);
  const std::string route = "route " + asked.route + ": ";
  if (verb == "open") {
    return route + "the breaker is open, " + who(asked) + " deliver" + (asked.shared() ? "" : "s") +
           " nothing until hubferryctl breaker probe --route " + asked.route;
  }
  if (verb == "close") return route + "the breaker is closed, " + who(asked) + " deliver" + (asked.shared() ? "" : "s");
  return route + "a few events are tried now; hubferryctl breaker status shows what came of it";
}

const Family& breaker_family() {
  constexpr const char* kRoute = "the consume route (default: the only one)";
  static const Family family{
      "breaker",
      "Circuit breakers of the consume routes, of all instances",
      {{"status", kStatusHelp, known_options({kJsonOption}, "only this consume route"), status},
       {"open", kOpenHelp,
        known_options({{"reason", "TEXT", "why, for the log and for the others"}, kYesOption}, kRoute), open},
       {"close", kCloseHelp, known_options({kYesOption}, kRoute), close},
       {"probe", kProbeHelp, known_options({}, kRoute), probe}}};
  return family;
}

}  // namespace hubferry::ctl

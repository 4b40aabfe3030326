#include "console/route_switches.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "console/requests.h"
#include "observe/json_text.h"

namespace hubferry::console {
namespace {

using Switches = std::shared_ptr<const std::vector<RouteSwitch>>;

std::string state_of(const RouteSwitch& each) {
  std::string text = "{\"route\":";
  observe::append_json_string(text, each.route);
  return text + ",\"paused\":" + (each.paused() ? "true}" : "false}");
}

http::Response answer(std::string body) {
  return {200, "application/json", std::move(body), {{"Cache-Control", "no-store"}}};
}

http::Handler switch_to(const Switches& switches, bool paused) {
  return [switches, paused](const http::Request& request, http::Responder respond) {
    if (is_from_another_site(request)) return respond(http::problem(403, "A page of another site may not do this."));
    const std::string_view name = request.parameter("route");
    const auto found =
        std::find_if(switches->begin(), switches->end(), [name](const auto& each) { return each.route == name; });
    if (found == switches->end()) {
      return respond(http::problem(404, "No consume route has this name; GET /v1/routes lists them."));
    }
    found->set_paused(paused);
    respond(answer(state_of(*found)));
  };
}

}  // namespace

void add_route_switches(http::Server& server, std::vector<RouteSwitch> switches) {
  const auto kept = std::make_shared<const std::vector<RouteSwitch>>(std::move(switches));
  server.route("POST", "/v1/routes/{route}/pause", switch_to(kept, true));
  server.route("POST", "/v1/routes/{route}/resume", switch_to(kept, false));
  server.route("GET", "/v1/routes", [kept](const http::Request&, http::Responder respond) {
    std::string text = "{\"routes\":[";
    for (const RouteSwitch& each : *kept) text += (text.back() == '[' ? "" : ",") + state_of(each);
    respond(answer(text + "]}"));
  });
}

}  // namespace hubferry::console

#pragma once
#include <functional>
#include <string>
#include <vector>

#include "http/server.h"

namespace hubferry::console {

// How a consume route is paused by hand. The functions are called on the server's thread and must not block.
struct RouteSwitch {
  std::string route;
  std::function<void(bool paused)> set_paused;
  std::function<bool()> paused;
};

// Before the server starts; the functions must stay callable as long as it runs:
//   POST /v1/routes/{route}/pause, .../resume   200 {"route":"billing","paused":true}; of this instance, until it ends
//   GET  /v1/routes                             200 {"routes":[{"route":"billing","paused":false}]}
// 404: no such consume route. 403: a page of another site sent it, as its browser says (Sec-Fetch-Site).
void add_route_switches(http::Server& server, std::vector<RouteSwitch> switches);

}  // namespace hubferry::console

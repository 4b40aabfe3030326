#pragma once
#include <functional>
#include <vector>

#include "console/breakers.h"
#include "http/server.h"
#include "observe/health.h"
#include "observe/metrics.h"

namespace hubferry::console {

// Adds what an operator and an orchestrator look at, before the server starts; `metrics` and `health` must outlive it:
// The first two are open, the others want the server's token if it has one.
//   GET /livez    200 "ok" while the server's thread runs
//   GET /readyz   200 or 503, {"ready":true,"parts":{"produce.orders":{"state":"ready","reason":""}}}
//   GET /metrics  Prometheus' text format
//   GET /         status page; with `breakers`, as a BreakerDesk has them, these too
void add_routes(http::Server& server, const observe::Metrics& metrics, const observe::Health& health,
                std::function<std::vector<BreakerRow>()> breakers = {});

}  // namespace hubferry::console

#include "console/console.h"

#include <string>
#include <utility>

#include "base/clock.h"
#include "console/breaker_pages.h"
#include "console/html.h"
#include "console/pages.h"

namespace hubferry::console {
namespace {

http::Response answer(int status, std::string_view content_type, std::string body) {
  return {status, content_type, std::move(body), {{"Cache-Control", "no-store"}}};
}

}  // namespace

void add_routes(http::Server& server, const observe::Metrics& metrics, const observe::Health& health,
                std::function<std::vector<BreakerRow>()> breakers) {
  const auto livez = [](const http::Request&, http::Responder respond) {
    respond(answer(200, "text/plain; charset=utf-8", "ok"));
  };
  const auto readyz = [&health](const http::Request&, http::Responder respond) {
    const Readiness readiness = readiness_of(health);
    respond(answer(readiness.ready ? 200 : 503, "application/json", readiness_json(readiness)));
  };
  server.route("GET", "/livez", livez, http::Access::kOpen);
  server.route("GET", "/readyz", readyz, http::Access::kOpen);
  server.route("GET", "/metrics", [&metrics](const http::Request&, http::Responder respond) {
    respond(answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text()));
  });
  server.route("GET", "/", [&health, breakers = std::move(breakers)](const http::Request&, http::Responder respond) {
    const std::string table = breakers ? breaker_table(breakers(), wall_clock_ms()) : std::string();
    respond(html_page(200, "HubFerry", status_page(readiness_of(health), table)));
  });
}

}  // namespace hubferry::console

#include "console/pages.h"

#include <algorithm>
#include <string_view>

#include "console/html.h"
#include "observe/json_text.h"

namespace hubferry::console {
namespace {

using observe::Health;

std::string_view state_name(Health::State state) {
  switch (state) {
    case Health::State::kReady:
      return "ready";
    case Health::State::kDegraded:
      return "degraded";
    case Health::State::kNotReady:
      break;
  }
  return "not-ready";
}

}  // namespace

Readiness readiness_of(const Health& health) {
  Readiness readiness{true, health.parts()};
  readiness.ready = std::none_of(readiness.parts.begin(), readiness.parts.end(),
                                 [](const auto& part) { return part.second.state == Health::State::kNotReady; });
  return readiness;
}

std::string readiness_json(const Readiness& readiness) {
  std::string out = readiness.ready ? R"({"ready":true,"parts":{)" : R"({"ready":false,"parts":{)";
  bool first = true;
  for (const auto& [name, part] : readiness.parts) {
    if (!std::exchange(first, false)) out += ',';
    observe::append_json_string(out, name);
    out += R"(:{"state":")";
    out += state_name(part.state);
    out += R"(","reason":)";
    observe::append_json_string(out, part.reason);
    out += '}';
  }
  return out + "}}";
}

std::string status_page(const Readiness& readiness, const std::string& breakers) {
  std::string out = "<h1>HubFerry " HUBFERRY_VERSION "</h1>\n";
  out +=
      readiness.ready ? "<p class=\"ready\">Takes new work.</p>\n" : "<p class=\"not-ready\">Takes no new work.</p>\n";
  out += "<table class=\"cards\">\n<tr><th>Part<th>State<th>Reason\n";
  for (const auto& [name, part] : readiness.parts) {
    const std::string_view state = state_name(part.state);
    out += "<tr>" + cell("Part", escaped(name)) + cell("State", colored(state, state)) +
           cell("Reason", escaped(part.reason)) + '\n';
  }
  out += "</table>\n" + breakers;
  return out + "<p><a href=\"/metrics\">Metrics</a> &middot; <a href=\"/readyz\">Readiness</a></p>\n";
}

}  // namespace hubferry::console

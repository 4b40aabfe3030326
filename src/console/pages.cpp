#include "console/pages.h"

#include <algorithm>
#include <string_view>

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

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr std::string_view kPageStart = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>HubFerry</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #ccc; }
.ready { color: #176b2c; } .degraded { color: #8a5a00; } .not-ready { color: #b00020; }
</style>
)";

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

std::string status_page(const Readiness& readiness) {
  std::string out(kPageStart);
  out += "<h1>HubFerry " HUBFERRY_VERSION "</h1>\n";
  out +=
      readiness.ready ? "<p class=\"ready\">Takes new work.</p>\n" : "<p class=\"not-ready\">Takes no new work.</p>\n";
  out += "<table>\n<tr><th>Part<th>State<th>Reason\n";
  for (const auto& [name, part] : readiness.parts) {
    const std::string state(state_name(part.state));
    out += "<tr><td>" + escaped(name) + "<td class=\"" + state + "\">" + state + "<td>" + escaped(part.reason) + "\n";
  }
  out += "</table>\n<p><a href=\"/metrics\">Metrics</a> &middot; <a href=\"/readyz\">Readiness</a></p>\n</html>\n";
  return out;
}

}  // namespace hubferry::console

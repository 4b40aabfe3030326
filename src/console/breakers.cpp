#include "console/breakers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "base/clock.h"
#include "base/human_text.h"
#include "base/result.h"
#include "console/breaker_pages.h"
#include "console/html.h"
#include "console/requests.h"
#include "http/url.h"
#include "observe/json_text.h"

namespace hubferry::console {
namespace {

using Desk = std::shared_ptr<const BreakerDesk>;
using Verb = BreakerDesk::Verb;

constexpr std::size_t kMostBodyBytes = 1'024;

// The members of one breaker, as GET /v1/breakers lists them.
std::string json_of(const BreakerRow& row) {
  std::string text = "{\"route\":" + observe::json_string(row.route) + ",\"state\":" + observe::json_string(row.state) +
                     ",\"scope\":" + observe::json_string(row.scope) +
                     ",\"generation\":" + std::to_string(row.generation) +
                     ",\"since\":" + (row.since_ms <= 0 ? "null" : observe::json_string(time_text(row.since_ms))) +
                     ",\"reason\":" + observe::json_string(row.reason) + ",\"errors\":[";
  for (const auto& [reason, count] : row.errors) {
    text += (text.back() == '[' ? "{\"reason\":" : ",{\"reason\":") + observe::json_string(reason) +
            ",\"count\":" + std::to_string(count) + '}';
  }
  return text + "],\"failures\":" + std::to_string(row.failures) + ",\"threshold\":" + std::to_string(row.threshold) +
         ",\"window_ms\":" + std::to_string(row.window_ms) +
         ",\"lag_events\":" + (row.lag < 0 ? "null" : std::to_string(row.lag)) +
         ",\"instances\":" + std::to_string(row.alive) + ",\"notified\":" + (row.notified ? "true" : "false") +
         ",\"trouble\":" + observe::json_string(row.trouble) + '}';
}

http::Response json(std::string body) {
  return {200, "application/json", std::move(body), {{"Cache-Control", "no-store"}}};
}

http::Response refusal(bool page, int status, const std::string& what) {
  return page ? html_page(status, "This was not done", refused_page(what)) : http::problem(status, what);
}

std::optional<BreakerRow> row_of(const BreakerDesk& desk, std::string_view route) {
  for (BreakerRow& row : desk.rows()) {
    if (row.route == route) return std::move(row);
  }
  return std::nullopt;
}

// What a person said with a command.
struct Words {
  std::string by;
  std::string reason;
};

// One line of valid UTF-8, or nothing.
std::optional<std::string> line_of(std::string text) {
  if (!observe::is_utf8(text)) return std::nullopt;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }, ' ');
  return text;
}

std::optional<std::string> member_of(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return std::string();
  return value->is_string() ? line_of(std::string(value->get_string())) : std::nullopt;
}

// Nothing: the body is neither empty nor as it should be.
std::optional<Words> words_of(const http::Request& request) {
  const std::string_view body = request.body();
  std::optional<std::string> by = "";
  std::optional<std::string> reason = "";
  if (is_form(request)) {
    reason = line_of(http::query_value(body, "reason").value_or(""));
  } else if (!body.empty()) {
    boost::system::error_code error;
    const auto value = boost::json::parse(body, error);
    const auto* object = error ? nullptr : value.if_object();
    if (object == nullptr) return std::nullopt;
    by = member_of(*object, "by");
    reason = member_of(*object, "reason");
  }
  if (!by || !reason) return std::nullopt;
  if (by->empty()) by = wants_page(request) ? "somebody at the console" : "somebody over HTTP";
  return Words{std::move(*by), std::move(*reason)};
}

const char* done_to(Verb verb) {
  switch (verb) {
    case Verb::kOpen:
      return "opened";
    case Verb::kClose:
      return "closed";
    case Verb::kProbe:
      break;
  }
  return "tried";
}

http::Handler command(const Desk& desk, Verb verb) {
  return [desk, verb](const http::Request& request, http::Responder respond) {
    const bool page = wants_page(request);
    if (is_from_another_site(request)) return respond(refusal(page, 403, "A page of another site may not do this."));
    const auto row = row_of(*desk, request.parameter("route"));
    if (!row) {
      return respond(refusal(page, 404, "No consume route with a breaker has this name; GET /v1/breakers lists them."));
    }
    if (request.body().size() > kMostBodyBytes)
      return respond(refusal(page, 413, "The body is larger than 1024 bytes."));
    const auto words = words_of(request);
    if (!words) {
      return respond(refusal(page, 400, "The body is neither empty nor JSON such as {\"reason\":\"maintenance\"}."));
    }
    const auto responder = std::make_shared<http::Responder>(std::move(respond));
    desk->command(
        verb, row->route, words->by, words->reason,
        [responder, page, verb, route = row->route](const std::optional<std::string>& trouble) {
          if (trouble) {
            return (*responder)(refusal(
                page, 409, "The breaker of route " + route + " was not " + done_to(verb) + ": " + *trouble + '.'));
          }
          (*responder)(page ? html_page(200, "Route " + route, done_page(verb, route))
                            : json("{\"route\":" + observe::json_string(route) + ",\"done\":true}"));
        });
  };
}

http::Response link_refusal(int status, const std::string& route, const std::string& trouble, bool pressed) {
  return html_page(status, "Route " + route, link_trouble_page(route, trouble, pressed));
}

// Why the link does not resume the route; nothing: it would.
std::optional<std::string> trouble_of(const BreakerDesk& desk, const std::string& route, const std::string& token) {
  if (!is_token(token)) return "this link is not whole: take all of it from the message";
  return desk.link_trouble(route, token);
}

http::Handler show_link(const Desk& desk) {
  return [desk](const http::Request& request, http::Responder respond) {
    const std::string route(request.parameter("route"));
    const std::string token = request.query("token").value_or("");
    if (const auto trouble = trouble_of(*desk, route, token)) return respond(link_refusal(403, route, *trouble, false));
    const auto row = row_of(*desk, route);
    if (!row) return respond(link_refusal(403, route, "no consume route with a breaker has this name", false));
    respond(html_page(200, "Route " + route, link_page(*row, token, wall_clock_ms())));
  };
}

http::Handler resume_by_link(const Desk& desk) {
  return [desk](const http::Request& request, http::Responder respond) {
    const std::string route(request.parameter("route"));
    if (!is_form(request))
      return respond(link_refusal(415, route, "only the form of this link's page can do it", false));
    if (request.body().size() > kMostBodyBytes) {
      return respond(link_refusal(413, route, "the form is larger than 1024 bytes", false));
    }
    const std::string token = http::query_value(request.body(), "token").value_or("");
    if (const auto trouble = trouble_of(*desk, route, token)) return respond(link_refusal(403, route, *trouble, true));
    const auto responder = std::make_shared<http::Responder>(std::move(respond));
    desk->resume_by_link(route, token, [responder, route](const std::optional<std::string>& trouble) {
      (*responder)(trouble ? link_refusal(403, route, *trouble, true)
                           : html_page(200, "Route " + route, done_page(Verb::kProbe, route)));
    });
  };
}

}  // namespace

void add_breakers(http::Server& server, BreakerDesk desk) {
  const auto kept = std::make_shared<const BreakerDesk>(std::move(desk));
  server.route("GET", "/v1/breakers", [kept](const http::Request&, http::Responder respond) {
    std::string text = "{\"breakers\":[";
    for (const BreakerRow& row : kept->rows()) text += (text.back() == '[' ? "" : ",") + json_of(row);
    respond(json(text + "]}"));
  });
  server.route("POST", "/v1/breakers/{route}/open", command(kept, Verb::kOpen));
  server.route("POST", "/v1/breakers/{route}/close", command(kept, Verb::kClose));
  server.route("POST", "/v1/breakers/{route}/probe", command(kept, Verb::kProbe));
  server.route("GET", "/breaker/{route}/resume", show_link(kept), http::Access::kOpen);
  server.route("POST", "/breaker/{route}/resume", resume_by_link(kept), http::Access::kOpen);
}

}  // namespace hubferry::console

#include "console/breaker_pages.h"

#include <algorithm>

#include "base/human_text.h"
#include "console/html.h"

namespace hubferry::console {
namespace {

using Verb = BreakerDesk::Verb;

constexpr std::string_view kToStatus = "<p><a href=\"/\">All routes</a></p>\n";

// "2026-11-21 10:00:00 UTC, 5m 10s ago"; nothing for the beginning.
std::string since_text(std::int64_t since_ms, std::int64_t now_ms) {
  if (since_ms <= 0) return {};
  const std::string time = time_text(since_ms);
  const std::string age = age_text(std::max<std::int64_t>(now_ms - since_ms, 0) / 1'000 * 1'000);
  return time.substr(0, 10) + ' ' + time.substr(11, 8) + " UTC, " + (age == "0ms" ? "now" : age + " ago");
}

bool is_shared(const BreakerRow& row) {
  return row.scope == "all instances";
}

std::string scope_text(const BreakerRow& row) {
  return is_shared(row) ? row.scope + " (" + std::to_string(row.alive) + ')' : row.scope;
}

std::string sentence(std::string_view trouble) {
  std::string text(trouble);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + '.';
}

std::string_view color_of(const BreakerRow& row) {
  if (row.state == "closed") return "ready";
  return row.state == "open" ? "not-ready" : "degraded";
}

std::string form(const BreakerRow& row, std::string_view verb, std::string_view button, std::string_view more = {}) {
  std::string text = "<form method=\"post\" action=\"/v1/breakers/" + escaped(row.route) + '/';
  text += verb;
  text += "\">";
  text += more;
  return text.append("<button>").append(button).append("</button></form>");
}

// Unfolds before it can be pressed.
std::string guarded(std::string_view name, const std::string& warning, const std::string& form) {
  return "<details><summary>" + std::string(name) + "</summary><p>" + warning + "</p>" + form + "</details>";
}

std::string buttons(const BreakerRow& row) {
  const std::string who = is_shared(row) ? "all instances" : "this instance";
  if (row.state == "closed") {
    return guarded("Open", "Stops the deliveries of " + who + " until somebody resumes them. Nothing is lost.",
                   form(row, "open", "Open",
                        "<input name=\"reason\" maxlength=\"100\" placeholder=\"Reason\" aria-label=\"Reason\"> "));
  }
  const std::string close = guarded("Close without a try", "Lets " + who + " deliver at once, at the full rate.",
                                    form(row, "close", "Close without a try"));
  return row.state == "open" ? form(row, "probe", "Try again") + close : close;
}

std::string handler_said(const BreakerRow& row) {
  if (row.errors.empty()) return {};
  std::string text = "<ul>";
  for (const auto& [answer, count] : row.errors) text += "<li>" + counted(count, "time") + ": " + escaped(answer);
  return text + "</ul>";
}

}  // namespace

std::string breaker_table(const std::vector<BreakerRow>& rows, std::int64_t now_ms) {
  if (rows.empty()) return {};
  std::string out =
      "<h2>Circuit breakers</h2>\n<table class=\"cards\">\n"
      "<tr><th>Route<th>State<th>Scope<th>Since<th>Reason<th>Failures<th>Waiting<th>\n";
  for (const BreakerRow& row : rows) {
    std::string state = colored(color_of(row), row.state);
    if (!row.trouble.empty()) state += "<br><small>may be old: " + escaped(row.trouble) + "</small>";
    out += "<tr>" + cell("Route", escaped(row.route)) + cell("State", state) + cell("Scope", escaped(scope_text(row))) +
           cell("Since", since_text(row.since_ms, now_ms)) + cell("Reason", escaped(row.reason) + handler_said(row)) +
           cell("Failures", std::to_string(row.failures) + " of " + std::to_string(row.threshold) + " in " +
                                age_text(row.window_ms)) +
           cell("Waiting", row.lag < 0 ? std::string() : counted(static_cast<std::uint64_t>(row.lag), "event")) +
           "<td>" + buttons(row) + '\n';
  }
  return out + "</table>\n";
}

std::string link_page(const BreakerRow& row, std::string_view token, std::int64_t now_ms) {
  const std::string route = escaped(row.route);
  if (row.state != "open") {
    const bool tried = row.state == "half-open";
    return "<h1>Route " + route + (tried ? " is being tried" : " delivers") + "</h1>\n<p>" +
           (tried ? "A few of its events are tried right now. If they succeed, delivery goes on; if not, the breaker "
                    "opens "
                    "again and a new message is sent."
                  : "Its breaker is closed: there is nothing to resume.") +
           "</p>\n" + std::string(kToStatus);
  }
  const std::string since = since_text(row.since_ms, now_ms);
  std::string out = "<h1>Route " + route + " is stopped</h1>\n<p>" +
                    (is_shared(row) ? "No instance delivers" : "This instance does not deliver") +
                    " its events. None is lost: delivery goes on where it stopped, in order.</p>\n<dl>\n";
  const auto item = [&out](std::string_view name, const std::string& html) {
    if (!html.empty()) out.append("<dt>").append(name).append("<dd>").append(html) += '\n';
  };
  item("Since", since);
  item("Why", escaped(row.reason));
  item("What the handler answered", handler_said(row));
  item("Waiting", row.lag < 0 ? std::string("not known")
                              : counted(static_cast<std::uint64_t>(row.lag), "event") + " when it opened");
  if (!row.trouble.empty()) item("This may be old", escaped(sentence(row.trouble)));
  out +=
      "</dl>\n<form method=\"post\" action=\"/breaker/" + route +
      "/resume\"><input type=\"hidden\" name=\"token\" value=\"" + escaped(token) +
      "\"><button>Try again</button></form>\n"
      "<p>A few events are tried first. If they succeed, delivery goes on; if not, the breaker opens again and a new "
      "message is sent. This link works once.</p>\n";
  return out;
}

std::string link_trouble_page(std::string_view route, std::string_view trouble, bool pressed) {
  const std::string name = escaped(route);
  std::string out = "<h1>This link does not resume route " + name + "</h1>\n<p class=\"not-ready\">" +
                    escaped(sentence(trouble)) + "</p>\n";
  if (pressed) {
    out += "<p>If you pressed the button more than once, the first time may have counted.</p>\n";
  }
  return out +
         "<p>What to do:</p>\n<ul>\n"
         "<li>Look for a newer message: each opening has a link of its own.\n"
         "<li>Look at <a href=\"/\">all routes</a>; there is a button there too.\n"
         "<li>Or call:<code>hubferryctl breaker probe --route " +
         name + "</code></ul>\n";
}

std::string done_page(BreakerDesk::Verb verb, std::string_view route) {
  const std::string name = escaped(route);
  std::string head;
  std::string text;
  switch (verb) {
    case Verb::kOpen:
      head = "Route " + name + " is stopped";
      text = "Its breaker is open. Nothing is lost: delivery goes on where it stopped, when somebody resumes it.";
      break;
    case Verb::kClose:
      head = "Route " + name + " delivers again";
      text = "Its breaker is closed.";
      break;
    case Verb::kProbe:
      head = "Route " + name + " is being tried";
      text =
          "A few events are tried now. If they succeed, delivery goes on; if not, the breaker opens again and a new "
          "message is sent.";
      break;
  }
  return "<h1>" + head + "</h1>\n<p>" + text + "</p>\n" + std::string(kToStatus);
}

std::string refused_page(std::string_view what) {
  return "<h1>This was not done</h1>\n<p class=\"not-ready\">" + escaped(what) + "</p>\n" + std::string(kToStatus);
}

}  // namespace hubferry::console

#include "console/html.h"

#include <utility>

namespace hubferry::console {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem; border-bottom: 1px solid #ccc; }
.ready { color: #176b2c; } .degraded { color: #8a5a00; } .not-ready { color: #b00020; }
h1, dd, li, p { overflow-wrap: anywhere; }
h1 { line-height: 1.25; }
ul { margin: 0; padding-left: 1.2rem; }
dt { font-weight: bold; } dd { margin: 0 0 .6rem; }
form, details { margin: .4rem 0; } details p { margin: .4rem 0; }
button, input { font: inherit; padding: .5rem 1rem; max-width: 100%; box-sizing: border-box; }
input { margin-bottom: .3rem; }
button, summary { cursor: pointer; white-space: nowrap; }
code { display: block; font-size: 85%; }
@media (max-width: 60rem) {
  .cards tbody, .cards tr, .cards td { display: block; }
  .cards tr:first-child, .cards td:empty { display: none; }
  .cards tr { border: 1px solid #ccc; border-radius: .4rem; margin-bottom: 1rem; padding: .4rem 0; }
  .cards td { border: 0; padding: .1rem .8rem; overflow-wrap: anywhere; }
  .cards td[data-label]::before { content: attr(data-label) ": "; color: #555; }
}
</style>
)";

}  // namespace

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

std::string cell(std::string_view label, std::string_view html) {
  std::string text = "<td data-label=\"";
  return text.append(label).append("\">").append(html).append("</td>");
}

std::string colored(std::string_view color, std::string_view text) {
  std::string out = "<span class=\"";
  return out.append(color).append("\">").append(escaped(text)).append("</span>");
}

http::Response html_page(int status, std::string_view title, const std::string& body) {
  std::string text(kHead);
  text += "<title>" + escaped(title) + "</title>\n" + body + "</html>\n";
  return {status,
          "text/html; charset=utf-8",
          std::move(text),
          {{"Cache-Control", "no-store"},
           {"Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"},
           {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace hubferry::console

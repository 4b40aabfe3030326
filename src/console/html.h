#pragma once
#include <string>
#include <string_view>

#include "http/server.h"

namespace hubferry::console {

// `text` as it may stand in an element or in a quoted attribute.
std::string escaped(std::string_view text);

// For tables of the class "cards", whose rows are cards on a phone: there the label stands before what is in the cell.
std::string cell(std::string_view label, std::string_view html);
// `color`: ready, degraded or not-ready. `text` is not HTML.
std::string colored(std::string_view color, std::string_view text);

// A page for people: without scripts and without anything from elsewhere, kept by nobody, shown in no other page,
// readable on a phone. `body` is HTML, `title` is not.
http::Response html_page(int status, std::string_view title, const std::string& body);

}  // namespace hubferry::console

#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "console/breakers.h"

namespace hubferry::console {

// What stands in the pages on breakers, for html_page(). Whatever comes from elsewhere is escaped. `now_ms`: Unix
// epoch; a trouble is a sentence without a full stop.

// For the status page, with buttons; empty if there are no breakers.
std::string breaker_table(const std::vector<BreakerRow>& rows, std::int64_t now_ms);

// The page that a link leads to, with a button if the breaker is open.
std::string link_page(const BreakerRow& row, std::string_view token, std::int64_t now_ms);
// Why the link does not resume its route, and what to do. `pressed`: the button was.
std::string link_trouble_page(std::string_view route, std::string_view trouble, bool pressed);

std::string done_page(BreakerDesk::Verb verb, std::string_view route);
// `what`: whole sentences.
std::string refused_page(std::string_view what);

}  // namespace hubferry::console

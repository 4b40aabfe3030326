#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "deliver/dead_letter.h"
#include "deliver/send_window.h"

namespace hubferry::deliver {

// The event as it goes to the dead-letter topic: forwarded (see forward()), without headers hf-dead-* of an earlier
// dead letter, with its own. `now_ms`: milliseconds since the Unix epoch.
Outgoing dead_letter_event(DeadLetter letter, std::string_view route, std::string_view group, std::int64_t now_ms,
                           std::uint64_t spread);

}  // namespace hubferry::deliver

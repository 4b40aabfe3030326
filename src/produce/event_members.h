#pragma once
#include <string>

#include "event/event.h"

namespace hubferry::produce {

// Appends to a JSON object that has a member already: partition if one is named, key or key_base64, and headers, an
// array of objects with name and value or value_base64. The _base64 forms are for bytes that are no UTF-8 text.
void append_event_members(std::string& line, const event::OutboundEvent& event);

}  // namespace hubferry::produce

#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "deliver/send_window.h"
#include "event/event.h"

namespace hubferry::deliver {

// The headers of an event that goes on to another topic: its `hf` becomes `hf-origin`, because it would tell a reader
// of that topic that it was sent by a spool. An `hf-origin` that it has already says where it really came from, and
// stays.
std::vector<event::Header> forwarded_headers(const event::Record& record);

// The event with these headers.
Outgoing forward(const WorkId& id, std::shared_ptr<const event::Record> record, std::uint64_t spread);

}  // namespace hubferry::deliver

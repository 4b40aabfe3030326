#pragma once
#include <string_view>

#include "event/event.h"
#include "kafka/handles.h"

namespace hubferry::kafka {

// The record's views point into `message`, which it owns from now on. `message` carries no error.
event::Record to_record(MessagePtr message);

// A record of its own but for its topic, which must outlive it. `message` carries no error.
event::Record copy_of(const rd_kafka_message_t& message, std::string_view topic);

}  // namespace hubferry::kafka

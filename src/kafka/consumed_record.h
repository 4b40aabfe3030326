#pragma once
#include "event/event.h"
#include "kafka/handles.h"

namespace hubferry::kafka {

// The record's views point into `message`, which it owns from now on. `message` carries no error.
event::Record to_record(MessagePtr message);

}  // namespace hubferry::kafka

#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "event/frame.h"
#include "spool/block.h"
#include "spool/record_batch.h"

namespace hubferry::ingest::test {

// One decoded record, owned.
struct Event {
  std::optional<std::string> key;
  std::string value;
  std::vector<std::string> headers;  // "name=value"
  std::int32_t partition = -1;
  std::string note;
};

inline std::vector<Event> events_of(const spool::RecordBatch& batch) {
  std::vector<Event> events;
  const spool::Block block(1, 0, 1, batch.count(), 0, nullptr, batch.bytes());
  event::OutboundEvent outbound;
  for (spool::RecordCursor cursor(block); !cursor.done(); cursor.advance()) {
    EXPECT_TRUE(event::decode_frame(cursor.record(), outbound));
    Event& event = events.emplace_back();
    if (outbound.key) event.key = std::string(*outbound.key);
    event.value = outbound.value;
    event.partition = outbound.partition;
    event.note = outbound.note;
    for (const auto& h : outbound.headers) {
      event.headers.push_back(std::string(h.name) + "=" + std::string(h.value.value_or("(none)")));
    }
  }
  return events;
}

}  // namespace hubferry::ingest::test

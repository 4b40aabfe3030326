#pragma once
#include <memory>
#include <string_view>
#include <utility>

#include "deliver/handler.h"

namespace hubferry::deliver {

inline event::Record sample() {
  event::Record record;
  record.topic = "orders";
  record.partition = 3;
  record.offset = 42;
  record.timestamp_ms = 1'700'000'000'123;
  record.value = R"({"a":1})";
  return record;
}

inline Delivery first_delivery(event::Record record) {
  return {{record.partition, 1, record.offset}, 1, false, std::make_shared<event::Record>(std::move(record))};
}

// The headers of a CloudEvent.
inline void make_cloud_event(event::Record& record) {
  record.headers.push_back({"ce_specversion", "1.0"});
  record.headers.push_back({"ce_id", "id 1"});
  record.headers.push_back({"ce_source", "/source"});
  record.headers.push_back({"ce_type", "my.type"});
}

}  // namespace hubferry::deliver

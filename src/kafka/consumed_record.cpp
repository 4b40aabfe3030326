#include "kafka/consumed_record.h"

#include <cstring>

#include "base/recycler.h"

namespace hubferry::kafka {
namespace {

std::optional<std::string_view> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

std::vector<event::Header> headers_of(const rd_kafka_message_t* message) {
  std::vector<event::Header> result;
  rd_kafka_headers_t* headers = nullptr;  // belongs to the message
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return result;

  const std::size_t count = rd_kafka_header_cnt(headers);
  result.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_header_get_all(headers, i, &name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    result.push_back({name, bytes(value, size)});
  }
  return result;
}

// Its other views are the message's.
event::Record view_of(const rd_kafka_message_t& message, std::string_view topic) {
  event::Record record;
  record.topic = topic;
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  record.headers = headers_of(&message);
  return record;
}

// Calls `change` for each view of the record but its topic.
template <class Change>
void each_view(event::Record& record, const Change& change) {
  if (record.key) change(*record.key);
  if (record.value) change(*record.value);
  for (event::Header& header : record.headers) {
    change(header.name);
    if (header.value) change(*header.value);
  }
}

void give_back(void* owned) {
  std::size_t size = 0;
  std::memcpy(&size, owned, sizeof size);
  Recycler::give(owned, size);
}

}  // namespace

event::Record to_record(MessagePtr message) {
  event::Record record = view_of(*message, rd_kafka_topic_name(message->rkt));
  record.owner = {message.release(),
                  [](void* owned) { rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(owned)); }};
  return record;
}

event::Record copy_of(const rd_kafka_message_t& message, std::string_view topic) {
  event::Record record = view_of(message, topic);
  std::size_t size = sizeof size;  // it stands in front
  each_view(record, [&size](std::string_view view) { size += view.size(); });
  char* to = static_cast<char*>(Recycler::take(size));
  std::memcpy(to, &size, sizeof size);
  record.owner = {to, give_back};
  to += sizeof size;
  each_view(record, [&to](std::string_view& view) {
    std::memcpy(to, view.data(), view.size());
    view = {to, view.size()};
    to += view.size();
  });
  return record;
}

}  // namespace hubferry::kafka

#include "kafka/consumed_record.h"

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

}  // namespace

event::Record to_record(MessagePtr message) {
  event::Record record;
  record.topic = rd_kafka_topic_name(message->rkt);
  record.partition = message->partition;
  record.offset = message->offset;
  record.timestamp_ms = rd_kafka_message_timestamp(message.get(), nullptr);
  record.key = bytes(message->key, message->key_len);
  record.value = bytes(message->payload, message->len);
  record.headers = headers_of(message.get());
  record.owner = {message.release(),
                  [](void* owned) { rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(owned)); }};
  return record;
}

}  // namespace hubferry::kafka

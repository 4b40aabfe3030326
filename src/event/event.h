#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace hubferry::event {

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;  // Kafka allows a header without a value
};

// One event on its way out. All views point into memory of the caller.
struct OutboundEvent {
  std::optional<std::string_view> key;
  std::string_view value;
  std::vector<Header> headers;
  std::int32_t partition = kAnyPartition;  // a named partition, or kAnyPartition: by key, else spread
  std::string_view note = {};              // kept in the spool, never sent; at most 65535 bytes

  static constexpr std::int32_t kAnyPartition = -1;
};

// One record that came from the broker. The views stay valid as long as `owner` lives; moving a Record keeps them.
struct Record {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;  // the broker's, milliseconds since the Unix epoch; -1: none
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // none: a tombstone
  std::vector<Header> headers;
  std::unique_ptr<void, void (*)(void*)> owner{nullptr, [](void*) {}};
};

}  // namespace hubferry::event

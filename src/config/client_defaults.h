#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "config/values.h"

namespace hubferry::config {

// What every client gets unless the profile of Event Hubs or a kafka.* key says otherwise.
struct ClientDefault {
  std::string_view property;
  std::string_view value;
  std::string_view reason;
};
std::span<const ClientDefault> client_defaults();

// What replaces defaults for the embedded broker.
std::span<const ClientDefault> embedded_broker_defaults();

// Values a user may give, on any cluster, where the daemon itself depends on the property.
struct ClientLimit {
  std::string_view property;
  Range range;
  std::string_view reason;
};
std::span<const ClientLimit> client_limits();

// librdkafka counts key, value, headers and up to some 60 bytes of framing against message.max.bytes; the daemon adds
// the header `hf` (26 bytes) and every header up to 10 bytes of framing.
inline constexpr std::int64_t kEventFramingBytes = 1024;

// librdkafka's and Event Hubs' usual message.max.bytes, and the smallest the daemon chooses by itself.
inline constexpr std::int64_t kMessageMaxBytes = 1'000'000;

}  // namespace hubferry::config

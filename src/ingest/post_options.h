#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "ingest/decode.h"

namespace hubferry::ingest {

// What the query of POST /v1/topics/{topic}/events asks for.
struct PostOptions {
  std::optional<std::string> partition;  // ?partition=N, as it was sent
  bool wait_for_broker = false;          // ?ack=broker
};

// `query` without '?'. A refusal names what is not understood.
tl::expected<PostOptions, Refusal> parse_post_options(std::string_view query);

// `count` partitions, 0: not known yet.
tl::expected<std::int32_t, Refusal> parse_partition(std::string_view text, std::int32_t count);

// A refusal unless it is 1 to 255 bytes.
std::optional<Refusal> check_idempotency_key(std::string_view key);

}  // namespace hubferry::ingest

#include "ingest/post_options.h"

#include <algorithm>
#include <charconv>

#include "http/url.h"
#include "ingest/batch_builder.h"

namespace hubferry::ingest {
namespace {

constexpr std::size_t kMaxIdempotencyKey = 255;
constexpr std::string_view kKnownOptions = "understood are partition=N and ack=broker.";

std::optional<Refusal> set_ack(const std::optional<std::string>& ack, PostOptions& options) {
  if (!ack) return std::nullopt;
  if (*ack != "broker") {
    return Refusal{400, "The query parameter ack=" + *ack + " is not understood; the only value is ack=broker. " +
                            "Without it the answer comes once the events are on disk."};
  }
  options.wait_for_broker = true;
  return std::nullopt;
}

}  // namespace

tl::expected<PostOptions, Refusal> parse_post_options(std::string_view query) {
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::string_view name = pair.substr(0, pair.find('='));
    if (!pair.empty() && name != "partition" && name != "ack") {
      return refuse(400,
                    "The query parameter \"" + std::string(name) + "\" is not known; " + std::string(kKnownOptions));
    }
  }
  PostOptions options;
  if (query.empty()) return options;
  options.partition = http::query_value(query, "partition");
  if (auto refusal = set_ack(http::query_value(query, "ack"), options)) return tl::make_unexpected(std::move(*refusal));
  return options;
}

tl::expected<std::int32_t, Refusal> parse_partition(std::string_view text, std::int32_t count) {
  std::int32_t partition = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), partition);
  const bool number = error == std::errc{} && end == text.data() + text.size() && partition >= 0;
  if (number && count == 0) {
    return refuse(503,
                  "How many partitions the topic has is not known yet: no broker was reached since the start. "
                  "Try again later, or post without a partition.");
  }
  if (number && partition < count) return partition;
  const std::string range =
      count == 0 ? "It is a number from 0 on."
                 : "The topic has " + std::to_string(count) + " partitions, 0 to " + std::to_string(count - 1) + ".";
  return refuse(400, "There is no partition \"" + std::string(text) + "\". " + range);
}

std::optional<Refusal> check_idempotency_key(std::string_view key) {
  if (!key.empty() && key.size() <= kMaxIdempotencyKey) return std::nullopt;
  return Refusal{400, "The Idempotency-Key has " + std::to_string(key.size()) + " bytes; it must have 1 to " +
                          std::to_string(kMaxIdempotencyKey) + "."};
}

}  // namespace hubferry::ingest

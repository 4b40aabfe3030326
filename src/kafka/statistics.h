#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace hubferry::kafka {

// How many brokers a client is connected to, from librdkafka's statistics JSON: those in state UP, without the
// bookkeeping entries (the group coordinator, the internal broker). Nothing if the JSON is not such a document.
std::optional<std::uint32_t> brokers_up(std::string_view statistics);

}  // namespace hubferry::kafka

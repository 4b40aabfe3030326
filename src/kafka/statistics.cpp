#include "kafka/statistics.h"

#include <simdjson.h>

namespace hubferry::kafka {

std::optional<std::uint32_t> brokers_up(std::string_view statistics) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object brokers;
  if (parser.parse(statistics.data(), statistics.size())["brokers"].get(brokers)) return std::nullopt;

  std::uint32_t up = 0;
  for (const auto field : brokers) {
    std::string_view state;
    std::string_view source;
    if (field.value["state"].get(state) || field.value["source"].get(source)) continue;
    if (state == "UP" && (source == "learned" || source == "configured")) ++up;
  }
  return up;
}

}  // namespace hubferry::kafka

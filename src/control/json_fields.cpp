#include "control/json_fields.h"

#include <limits>

namespace hubferry::control {

std::optional<std::int64_t> count_of(const boost::json::value* value) {
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  return value->get_int64();
}

std::optional<bool> Fields::flag(std::string_view name) const {
  const auto* found = value(name);
  return found != nullptr && found->is_bool() ? std::optional(found->get_bool()) : std::nullopt;
}

std::optional<std::string_view> Fields::text(std::string_view name) const {
  const auto* found = value(name);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return std::string_view(found->get_string());
}

const boost::json::array* Fields::list(std::string_view name, std::size_t most) const {
  const auto* found = value(name);
  const auto* array = found == nullptr ? nullptr : found->if_array();
  return array != nullptr && array->size() <= most ? array : nullptr;
}

boost::json::object to_json(const config::BreakerRules& rules) {
  return {{"threshold", rules.threshold},
          {"window_ms", rules.window.count()},
          {"consecutive", rules.consecutive},
          {"unavailable_for_ms", rules.unavailable_for.count()},
          {"quorum", rules.quorum},
          {"probe_events", rules.probe_events},
          {"cool_down_ms", rules.cool_down.count()}};
}

std::optional<config::BreakerRules> rules_from(const boost::json::value* value) {
  const auto* object = value == nullptr ? nullptr : value->if_object();
  if (object == nullptr) return std::nullopt;
  const Fields in(*object);
  const auto number = [&in](std::string_view name) -> std::optional<std::uint32_t> {
    const auto found = in.number(name);
    if (!found || *found > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(*found);
  };
  const auto threshold = number("threshold");
  const auto window = number("window_ms");
  const auto consecutive = number("consecutive");
  const auto unavailable_for = number("unavailable_for_ms");
  const auto quorum = number("quorum");
  const auto probe_events = number("probe_events");
  const auto cool_down = number("cool_down_ms");
  if (!threshold || !window || !consecutive || !unavailable_for || !quorum || !probe_events || !cool_down) {
    return std::nullopt;
  }
  return config::BreakerRules{
      *threshold,    Milliseconds(*window),   *consecutive, Milliseconds(*unavailable_for), *quorum,
      *probe_events, Milliseconds(*cool_down)};
}

boost::json::array to_json(const std::vector<Reason>& reasons) {
  boost::json::array out;
  for (const auto& [text, count] : reasons) out.push_back(boost::json::array{text, count});
  return out;
}

std::optional<std::vector<Reason>> reasons_from(const boost::json::value* value, std::size_t most) {
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->size() > most) return std::nullopt;
  std::vector<Reason> reasons;
  for (const auto& entry : *list) {
    const auto* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_string()) return std::nullopt;
    const auto count = count_of(&pair->at(1));
    if (!count) return std::nullopt;
    reasons.emplace_back(pair->at(0).get_string(), static_cast<std::uint64_t>(*count));
  }
  return reasons;
}

}  // namespace hubferry::control

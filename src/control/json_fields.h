#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "control/record.h"

// Pieces of JSON that records and snapshots have in common. For .cpp files of this room.

namespace hubferry::control {

// A whole number of at least 0. Nothing: it is not one, or not there.
std::optional<std::int64_t> count_of(const boost::json::value* value);

// An object's members, each checked when taken.
class Fields {
 public:
  explicit Fields(const boost::json::object& object) : object_(object) {}

  const boost::json::value* value(std::string_view name) const { return object_.if_contains(name); }
  std::optional<std::int64_t> number(std::string_view name) const { return count_of(value(name)); }
  std::optional<bool> flag(std::string_view name) const;
  std::optional<std::string_view> text(std::string_view name) const;
  // nullptr: no array, or longer than `most`.
  const boost::json::array* list(std::string_view name, std::size_t most) const;

 private:
  const boost::json::object& object_;
};

boost::json::object to_json(const config::BreakerRules& rules);
std::optional<config::BreakerRules> rules_from(const boost::json::value* value);

boost::json::array to_json(const std::vector<Reason>& reasons);
std::optional<std::vector<Reason>> reasons_from(const boost::json::value* value, std::size_t most);

}  // namespace hubferry::control

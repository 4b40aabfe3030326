#pragma once
#include <cstdint>
#include <string_view>

#include "config/settings.h"

namespace hubferry::ctl {

// How many of many sample keys another partition count moves to another partition.
struct KeyEffect {
  std::uint32_t samples = 0;
  std::uint32_t moved = 0;

  double percent() const { return samples == 0 ? 0 : 100.0 * moved / samples; }
};
KeyEffect key_effect(config::Partitioner partitioner, std::int32_t from, std::int32_t to);

// As the produce road chooses it. `count` > 0.
std::int32_t partition_of_key(config::Partitioner partitioner, std::string_view key, std::int32_t count);
// That of the produce route to the topic, else murmur2.
config::Partitioner partitioner_of(const config::Settings& settings, std::string_view topic);

}  // namespace hubferry::ctl

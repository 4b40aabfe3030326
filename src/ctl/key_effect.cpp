#include "ctl/key_effect.h"

#include <algorithm>
#include <string>

#include "event/partitioner.h"

namespace hubferry::ctl {

KeyEffect key_effect(config::Partitioner partitioner, std::int32_t from, std::int32_t to) {
  constexpr std::uint32_t kSamples = 100'000;  // exact to about 0.2 %
  KeyEffect effect{kSamples, 0};
  for (std::uint32_t i = 0; i < kSamples; ++i) {
    const std::string key = "key-" + std::to_string(i);
    if (partition_of_key(partitioner, key, from) != partition_of_key(partitioner, key, to)) ++effect.moved;
  }
  return effect;
}

std::int32_t partition_of_key(config::Partitioner partitioner, std::string_view key, std::int32_t count) {
  return partitioner == config::Partitioner::kConsistent ? event::consistent_partition(key, count)
                                                         : event::murmur2_partition(key, count);
}

config::Partitioner partitioner_of(const config::Settings& settings, std::string_view topic) {
  const auto route = std::find_if(settings.produce.begin(), settings.produce.end(),
                                  [&](const config::ProduceRoute& produce) { return produce.topic == topic; });
  return route == settings.produce.end() ? config::Partitioner::kMurmur2 : route->partitioner;
}

}  // namespace hubferry::ctl

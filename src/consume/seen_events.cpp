#include "consume/seen_events.h"

#include <algorithm>

#include "event/origin.h"

namespace hubferry::consume {

bool SeenEvents::repeats(const event::Record& record) {
  for (const event::Header& header : record.headers) {
    if (header.name != event::kOriginHeader || !header.value) continue;
    const auto origin = event::decode_origin(*header.value);
    if (!origin) return false;
    const auto [found, added] = sources_.try_emplace(origin->source);
    Source& source = found->second;
    source.met = ++records_;
    if (!added && origin->sequence <= source.sequence) return true;
    source.sequence = origin->sequence;
    if (sources_.size() > kMostSources) forget_oldest();
    return false;
  }
  return false;
}

void SeenEvents::forget_oldest() {
  sources_.erase(std::min_element(sources_.begin(), sources_.end(),
                                  [](const auto& a, const auto& b) { return a.second.met < b.second.met; }));
}

}  // namespace hubferry::consume

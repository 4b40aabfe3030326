#include "produce/reconcile.h"

#include <algorithm>
#include <utility>

namespace hubferry::produce {

Reconcile::Reconcile(const Options& options, const Tails& tails, const std::vector<std::int64_t>& ends,
                     std::vector<std::uint64_t> sources, Instant now)
    : options_(options),
      sources_(std::move(sources)),
      starts_(tails.offsets()),
      positions_(tails.offsets()),
      ends_(ends),
      settled_at_(now + options.held_back + options.settle),
      asked_at_(now) {
  std::sort(sources_.begin(), sources_.end());
  ends_.resize(positions_.size(), 0);
}

void Reconcile::record(std::int32_t partition, std::int64_t offset, const std::optional<event::Origin>& origin,
                       Instant now) {
  const auto p = static_cast<std::size_t>(partition);
  if (p >= positions_.size() || offset < positions_[p]) return;
  positions_[p] = offset + 1;
  ++records_;
  if (!origin || !std::binary_search(sources_.begin(), sources_.end(), origin->source)) return;
  landed_[origin->source].push_back({origin->sequence, partition, offset});
  if (offset >= ends_[p]) settled_at_ = std::max(settled_at_, now + options_.settle);
}

void Reconcile::end(std::int32_t partition, std::int64_t offset) {
  const auto p = static_cast<std::size_t>(partition);
  if (p < positions_.size()) positions_[p] = std::max(positions_[p], offset);
}

void Reconcile::ends(const std::vector<std::int64_t>& ends, Instant now) {
  for (std::size_t p = 0; p < std::min(ends.size(), ends_.size()); ++p) ends_[p] = ends[p];
  asked_at_ = now;
}

bool Reconcile::reached() const {
  for (std::size_t p = 0; p < positions_.size(); ++p) {
    if (positions_[p] < ends_[p]) return false;
  }
  return true;
}

Reconcile::Need Reconcile::need(Instant now) const {
  if (records_ >= options_.max_records) return reached() && asked_at_ >= settled_at_ ? Need::kNothing : Need::kTooMuch;
  if (asked_at_ >= settled_at_) return reached() ? Need::kNothing : Need::kRecords;
  return now >= settled_at_ && reached() ? Need::kEndOffsets : Need::kRecords;
}

std::map<std::uint64_t, std::vector<Reconcile::Landed>> Reconcile::take_landed() {
  for (auto& [source, landed] : landed_) {
    std::sort(landed.begin(), landed.end(), [](const Landed& a, const Landed& b) {
      return std::pair(a.sequence, a.offset) < std::pair(b.sequence, b.offset);
    });
    landed.erase(std::unique(landed.begin(), landed.end(),
                             [](const Landed& a, const Landed& b) { return a.sequence == b.sequence; }),
                 landed.end());
  }
  return std::exchange(landed_, {});
}

}  // namespace hubferry::produce

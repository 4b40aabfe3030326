#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubferry::produce {

// For each partition an offset below which nothing lies that the spool still calls unacknowledged: what was sent and
// not acknowledged is at it or behind it, if anywhere. Records of one producer reach a partition in order
// (enable.gapless.guarantee), so an acknowledgement at offset o moves it to o + 1. No thread, no I/O.
class Tails {
 public:
  static constexpr std::int64_t kUnknown = -1;

  std::int32_t partitions() const { return static_cast<std::int32_t>(offsets_.size()); }
  const std::vector<std::int64_t>& offsets() const { return offsets_; }
  // False: nothing is known, or not the tail of some partition.
  bool complete() const;

  // New partitions are unknown. Partitions that vanished are forgotten (the topic was made anew).
  void resize(std::int32_t partitions) { offsets_.resize(static_cast<std::size_t>(partitions), kUnknown); }
  // The end offsets of all partitions: taken where nothing was known. A topic that ends before what was known was made
  // anew: its whole content counts.
  void learn(const std::vector<std::int64_t>& ends);
  // An `offset` below 0 (the broker did not tell it) changes nothing.
  void acknowledged(std::int32_t partition, std::int64_t offset);

  // Until when (milliseconds since the Unix epoch) requests may still be stored that a throttled connection had sent.
  std::int64_t calm_at_ms() const { return calm_at_ms_; }
  void throttled_until(std::int64_t wall_ms) { calm_at_ms_ = std::max(calm_at_ms_, wall_ms); }

  // At most Spool::kMaxAttachment bytes for up to 4,000 partitions. Little-endian: version u32 = 1, calm_at_ms i64,
  // then an i64 each.
  std::string encode() const;
  // What is not sound (another version, a length that does not fit) decodes to nothing known.
  static Tails decode(std::string_view bytes);

 private:
  std::vector<std::int64_t> offsets_;
  std::int64_t calm_at_ms_ = 0;
};

}  // namespace hubferry::produce

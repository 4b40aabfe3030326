#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hubferry::consume {

// What travels in the metadata of a committed offset, so that whoever reads the partition next neither repeats finished
// work nor grants a failing event new attempts.
struct CommitNote {
  // Added to the failures of an event that the handler has rejected.
  static constexpr std::uint32_t kRejected = 1U << 20U;

  struct Run {
    std::int64_t first = 0;
    std::int64_t last = 0;  // included
    bool operator==(const Run&) const = default;
  };
  // Partitions that the topic had when the group began: those that came later are read from their first event. 0: not
  // known.
  std::int32_t partitions_at_start = 0;
  std::vector<Run> finished;                       // above the committed offset, ascending, apart
  std::map<std::int64_t, std::uint32_t> failures;  // offset -> failed deliveries, at least 1; and kRejected
  std::set<std::uint64_t> parked;                  // key_hash() of the keys that follow a dead letter

  bool operator==(const CommitNote&) const = default;
};

// Event Hubs takes 1024 bytes of metadata. The parts have their own limits, so that one never displaces another.
inline constexpr std::size_t kMostNoteBytes = 1'000;
inline constexpr std::size_t kMostFailures = 20;
inline constexpr std::size_t kMostParked = 16;
// What is finished above the committed offset fits as a bit map when it spans no more offsets than this, else as runs;
// kMostRuns of them fit whenever none is longer than 16,383 offsets and their distances are not either.
inline constexpr std::int64_t kMostSpan = 3'072;
inline constexpr std::size_t kMostRuns = 96;

// Text of at most kMostNoteBytes without zero bytes (librdkafka before 2.6.1 damages them): "hf1", parts, a checksum.
// Of what does not fit the highest offsets are left out: they are delivered again.
std::string encode(const CommitNote& note, std::int64_t committed);

// Nothing for what encode() did not write: foreign, damaged or of an unknown version. Empty text is an empty note.
std::optional<CommitNote> decode_note(std::string_view text, std::int64_t committed);

}  // namespace hubferry::consume

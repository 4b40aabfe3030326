// The spool's position file of any content. Input: flags, the length of slot 0 (two bytes), slot 0, slot 1. With flag 1
// the checks of both slots are made right.
#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "fuzz/fuzz.h"
#include "spool/position.h"
#include "spool/spool.h"
#include "unit/spool/fault_file_system.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file
using spool::Position;
using spool::PositionFile;
using spool::test::FaultFileSystem;

constexpr std::uint64_t kRecords = 5;

std::string slot_of(std::string_view bytes, bool right_check) {
  std::string slot(bytes.substr(0, PositionFile::kSlotBytes));
  slot.resize(PositionFile::kSlotBytes);
  if (!right_check) return slot;
  const std::size_t size =
      64 + std::size_t{load_le<std::uint32_t>(slot.data() + 12)} * 16 + load_le<std::uint32_t>(slot.data() + 48);
  if (size <= slot.size()) store_le(slot.data() + 4, crc32c(slot.data() + 8, size - 8));
  return slot;
}

// One segment with five records, each in a block of its own.
std::string segment() {
  std::string file(spool::kSegmentHeaderBytes, '\0');
  spool::encode_segment_header({.id = 9, .first_sequence = 1, .source = 7}, file);
  for (std::uint64_t sequence = 1; sequence <= kRecords; ++sequence) {
    std::string block(spool::kSectorBytes, '\0');
    store_le(block.data() + spool::kBlockHeaderBytes, std::uint32_t{1});
    spool::encode_block_header({.payload_crc = crc32c(block.data() + spool::kBlockHeaderBytes, 5),
                                .payload_bytes = 5,
                                .segment_id = 9,
                                .first_sequence = sequence,
                                .source = 7,
                                .count = 1},
                               block.data());
    file += block;
  }
  return file;
}

void check_spool(FaultFileSystem& disk, const std::optional<Position>& position) {
  spool::Options options;
  options.directory = "/spool";
  options.segment_bytes = spool::kMinSegmentBytes;
  auto spool = spool::Spool::open(disk, options);
  FUZZ_REQUIRE(spool);
  const std::uint64_t waiting = (*spool)->statistics().unacknowledged;
  std::uint64_t read = 0;
  for (auto block = (*spool)->next(); block && *block; block = (*spool)->next()) {
    const std::uint64_t sequence = (*block)->first_sequence();
    FUZZ_REQUIRE(sequence >= 1 && sequence <= kRecords && ++read <= kRecords);
    if ((*spool)->acknowledged(sequence)) continue;
    // What the position does not call acknowledged is delivered, and nothing else.
    FUZZ_REQUIRE(!position || sequence > position->low_water);
    (*spool)->acknowledge(sequence);
  }
  FUZZ_REQUIRE(position || waiting == kRecords);
  FUZZ_REQUIRE((*spool)->statistics().unacknowledged == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool right_checks = (input.byte() & 1U) != 0;
  const std::size_t length = input.byte() + std::size_t{256} * input.byte();
  const std::string first = slot_of(input.take(length), right_checks);
  const std::string second = slot_of(input.rest(), right_checks);

  FaultFileSystem disk;
  disk.set_content("/spool/position", first + second);
  PositionFile file(disk, "/spool");
  const auto position = file.load();
  if (position) {
    FUZZ_REQUIRE(position->low_water < position->next_sequence && position->durable < position->next_sequence);
    std::uint64_t above = position->low_water;
    for (const auto& range : position->acknowledged) {
      FUZZ_REQUIRE(range.first > above && range.last >= range.first && range.last < position->next_sequence);
      above = range.last;
    }
    FaultFileSystem other;
    FUZZ_REQUIRE(PositionFile(other, "/copy").save(*position));
    FUZZ_REQUIRE(PositionFile(other, "/copy").load() == position);
  }
  disk.set_content("/spool/" + spool::segment_name(1), segment());
  check_spool(disk, position);
  return 0;
}

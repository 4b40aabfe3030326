// A segment file of any content, through inspection, recovery, reader and further use. Input: flags, 64 bytes of the
// segment's header, blocks. Flags: 1 makes the check of the header right and 2 those of all blocks, so that what is
// behind them is reached; 4: a position says that record 3 is durable; 8: a sound newer segment follows.
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "fuzz/fuzz.h"
#include "spool/inspect.h"
#include "spool/position.h"
#include "spool/spool.h"
#include "unit/spool/fault_file_system.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file
using spool::test::FaultFileSystem;

using Records = std::map<std::uint64_t, std::string>;  // by sequence

constexpr std::uint64_t kFirst = 1;
constexpr std::uint64_t kNext = 100;  // of the newer segment
constexpr std::uint64_t kSegmentBytes = spool::kMinSegmentBytes;

bool starts_block(const std::string& file, std::size_t at) {
  return at + spool::kBlockHeaderBytes <= file.size() && std::string_view(file).substr(at, 4) == "HFBK";
}

void make_checks_right(std::string& file, std::uint8_t flags) {
  if ((flags & 1U) != 0) store_le(file.data() + 4, crc32c(file.data() + 8, spool::kSectorBytes - 8));
  if ((flags & 2U) == 0) return;
  for (std::size_t at = spool::kSegmentHeaderBytes; at < file.size(); at += spool::kSectorBytes) {
    if (!starts_block(file, at)) continue;
    const std::size_t payload = load_le<std::uint32_t>(file.data() + at + 12);
    if (payload > file.size() - at - spool::kBlockHeaderBytes) continue;
    store_le(file.data() + at + 8, crc32c(file.data() + at + spool::kBlockHeaderBytes, payload));
    store_le(file.data() + at + 4, crc32c(file.data() + at + 8, spool::kBlockHeaderBytes - 8));
  }
}

// Whether a block of the file whose checks hold has this record.
bool holds(const std::string& file, std::uint64_t sequence, std::string_view record) {
  for (std::size_t at = spool::kSegmentHeaderBytes; at < file.size(); at += spool::kSectorBytes) {
    if (!starts_block(file, at)) continue;
    const auto header = spool::decode_block_header(std::string_view(file).substr(at));
    if (!header || header->payload_bytes > file.size() - at - spool::kBlockHeaderBytes) continue;
    std::string_view frames = std::string_view(file).substr(at + spool::kBlockHeaderBytes, header->payload_bytes);
    if (crc32c(frames.data(), frames.size()) != header->payload_crc) continue;
    if (sequence < header->first_sequence || sequence - header->first_sequence >= header->count) continue;
    if (!spool::frames_are_sound(frames, header->count)) continue;
    for (std::uint64_t skip = sequence - header->first_sequence; skip > 0; --skip) {
      frames.remove_prefix(4 + std::size_t{load_le<std::uint32_t>(frames.data())});
    }
    if (frames.substr(4, load_le<std::uint32_t>(frames.data())) == record) return true;
  }
  return false;
}

// Whether the headers of blocks in the file, as far as they are sound, follow each other as a writer puts them. Of
// other files only the start has to be the judge, which looks at headers first and at payloads later.
bool in_order(const std::string& file, bool newer) {
  std::optional<std::uint64_t> id;
  std::uint64_t above = kFirst - 1;
  std::size_t end = 0;
  for (std::size_t at = spool::kSegmentHeaderBytes; at < file.size(); at += spool::kSectorBytes) {
    if (!starts_block(file, at)) continue;
    const auto header = spool::decode_block_header(std::string_view(file).substr(at));
    if (!header) continue;
    if (id.value_or(header->segment_id) != header->segment_id) return false;
    if (at < end || header->first_sequence <= above || header->last_sequence() < header->first_sequence) return false;
    if (newer && header->last_sequence() >= kNext) return false;
    id = header->segment_id;
    above = header->last_sequence();
    end = at + header->stored_bytes();
  }
  return true;
}

std::string newer_segment() {
  std::string file(spool::kSegmentHeaderBytes, '\0');
  spool::encode_segment_header({.id = 77, .first_sequence = kNext, .starts_after = kNext - 1, .source = 7}, file);
  std::string block(spool::kSectorBytes, '\0');
  store_le(block.data() + spool::kBlockHeaderBytes, std::uint32_t{5});
  std::string_view("newer").copy(block.data() + spool::kBlockHeaderBytes + 4, 5);
  spool::encode_block_header({.payload_crc = crc32c(block.data() + spool::kBlockHeaderBytes, 9),
                              .payload_bytes = 9,
                              .segment_id = 77,
                              .first_sequence = kNext,
                              .source = 7,
                              .count = 1},
                             block.data());
  return file + block;
}

Records read_all(spool::Spool& spool) {
  Records records;
  std::uint64_t above = 0;
  for (int blocks = 0;; ++blocks) {
    FUZZ_REQUIRE(blocks < 10'000);
    const auto block = spool.next();
    FUZZ_REQUIRE(block);
    if (!*block) return records;
    for (spool::RecordCursor cursor(**block); !cursor.done(); cursor.advance()) {
      FUZZ_REQUIRE(cursor.sequence() > above);
      above = cursor.sequence();
      if (!spool.acknowledged(above)) records.emplace(above, cursor.record());
    }
  }
}

spool::Receipt append(spool::Spool& spool, std::string_view text) {
  spool::RecordBatch batch;
  text.copy(batch.add(static_cast<std::uint32_t>(text.size())), text.size());
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<spool::Receipt>> outcome;
  spool.append(std::move(batch), [&](const Result<spool::Receipt>& receipt) {
    const std::lock_guard lock(mutex);
    outcome = receipt;
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return outcome.has_value(); });
  FUZZ_REQUIRE(*outcome);
  return **outcome;
}

// The spool goes on: new records get new sequences, everything can be acknowledged, and then all is gone for good.
void use(FaultFileSystem& disk, const spool::Options& options, std::unique_ptr<spool::Spool> spool,
         const Records& delivered) {
  const auto receipt = append(*spool, "fresh");
  FUZZ_REQUIRE(delivered.empty() || receipt.first > delivered.rbegin()->first);
  const Records fresh = read_all(*spool);
  FUZZ_REQUIRE(fresh.size() == 1 && fresh.begin()->second == "fresh");
  spool->rewind();
  Records all = read_all(*spool);
  FUZZ_REQUIRE(all.size() == delivered.size() + 1);
  for (const auto& [sequence, bytes] : all) spool->acknowledge(sequence);
  FUZZ_REQUIRE(spool->statistics().unacknowledged == 0);
  spool.reset();
  auto reopened = spool::Spool::open(disk, options);
  FUZZ_REQUIRE(reopened);
  FUZZ_REQUIRE(read_all(**reopened).empty());
  FUZZ_REQUIRE(append(**reopened, "last").first > receipt.last);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t flags = input.byte();
  std::string file(input.take(64));
  file.resize(spool::kSegmentHeaderBytes);
  file += input.rest().substr(0, kSegmentBytes);
  make_checks_right(file, flags);

  FaultFileSystem disk;
  spool::Options options;
  options.directory = "/spool";
  options.segment_bytes = kSegmentBytes;
  disk.set_content(options.directory / spool::segment_name(kFirst), file);
  const bool newer = (flags & 8U) != 0;
  if (newer) disk.set_content(options.directory / spool::segment_name(kNext), newer_segment());
  if ((flags & 4U) != 0) {
    FUZZ_REQUIRE(spool::PositionFile(disk, options.directory).save({0, 4, 3, {}}));
  }

  Records expected;
  const auto found = spool::inspect(disk, options.directory, [&expected](const spool::InspectedRecord& record) {
    if (!record.acknowledged) expected.emplace(record.sequence, record.bytes);
    return true;
  });
  auto spool = spool::Spool::open(disk, options);
  FUZZ_REQUIRE(found.has_value() == spool.has_value());
  if (!spool) {
    FUZZ_REQUIRE(spool.error().code == ErrorCode::kInvalid && !spool.error().message.empty());  // a newer version
    return 0;
  }
  const Records delivered = read_all(**spool);
  for (const auto& [sequence, bytes] : delivered) {
    FUZZ_REQUIRE(holds(file, sequence, bytes) || (newer && sequence == kNext && bytes == "newer"));
  }
  for (const auto& [sequence, bytes] : expected) {
    FUZZ_REQUIRE(holds(file, sequence, bytes) || (newer && sequence == kNext && bytes == "newer"));
  }
  if (!in_order(file, newer)) return 0;
  FUZZ_REQUIRE(delivered == expected);
  FUZZ_REQUIRE((*spool)->statistics().unacknowledged == delivered.size());
  use(disk, options, std::move(*spool), delivered);
  return 0;
}

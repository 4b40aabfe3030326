// Files of remembered Idempotency-Keys. Input: flags, the file's bytes. With flag 1 the checks of all records are made
// right, so that what is behind them is reached.
#include <algorithm>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "fuzz/fuzz.h"
#include "ingest/idempotency_files.h"
#include "ingest/idempotency_note.h"
#include "unit/spool/fault_file_system.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file
using ingest::IdempotencyRecord;

constexpr std::int64_t kNow = 1'700'000'000'000;

std::string file_of(std::string_view bytes, bool right_checks) {
  std::string file = right_checks ? ingest::file_header() : std::string();
  file += bytes;
  if (!right_checks) return file;
  for (std::size_t at = ingest::kFileHeaderBytes; at + ingest::kRecordBytes <= file.size();
       at += ingest::kRecordBytes) {
    store_le(file.data() + at, crc32c(file.data() + at + 4, ingest::kRecordBytes - 4));
  }
  return file;
}

std::string bytes_of(const IdempotencyRecord& record) {
  std::string bytes;
  ingest::append_record(record, bytes);
  return bytes;
}

std::vector<IdempotencyRecord> load(ingest::IdempotencyFiles& files) {
  std::vector<IdempotencyRecord> records;
  (void)files.load(kNow, [&records](const IdempotencyRecord& record) { records.push_back(record); });
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool right_checks = (input.byte() & 1U) != 0;
  const std::string content = file_of(input.rest(), right_checks);
  if (const auto note = ingest::decode_note(input.rest())) FUZZ_REQUIRE(ingest::encode_note(*note) == input.rest());

  spool::test::FaultFileSystem disk;
  const std::string name = ingest::generation_name(3);
  FUZZ_REQUIRE(ingest::parse_generation_name(name) == 3U);
  disk.set_content("/spool/" + name, content);
  constexpr ingest::IdempotencyFiles::Limits kLimits{INT64_MAX / 4, 1'000'000};
  ingest::IdempotencyFiles files(disk, "/spool", kLimits);
  const auto records = load(files);
  std::size_t from = 0;
  for (const auto& record : records) {
    FUZZ_REQUIRE(record.receipt.last - record.receipt.first < UINT32_MAX);
    from = content.find(bytes_of(record), from);  // nothing is told that is not there
    FUZZ_REQUIRE(from != std::string::npos && from % ingest::kRecordBytes == 0);
    from += ingest::kRecordBytes;
  }

  const IdempotencyRecord fresh{{1, 2}, {3, 4}, {5, 6, 7}, kNow};
  FUZZ_REQUIRE(files.append({&fresh, 1}, kNow));
  ingest::IdempotencyFiles reopened(disk, "/spool", kLimits);
  const auto after = load(reopened);
  FUZZ_REQUIRE(!after.empty() && bytes_of(after.back()) == bytes_of(fresh));
  // What was there is there, unless it had gone by its age.
  FUZZ_REQUIRE(after.size() == 1 || after.size() == records.size() + 1);
  return 0;
}

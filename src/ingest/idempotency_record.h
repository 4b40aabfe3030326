#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/fingerprint.h"
#include "spool/spool.h"

namespace hubferry::ingest {

// One remembered Idempotency-Key.
struct IdempotencyRecord {
  Fingerprint key;
  Fingerprint content;
  spool::Receipt receipt;
  std::int64_t time_ms = 0;  // wall time of the commit
};

// The files of the log, integers little-endian, CRCs CRC-32C:
//   "idempotency-<generation, 20 digits>.log" := file_header record*
//   file_header := 64 bytes: 0 magic u32 "HFIK"   4 crc u32 of bytes 8..63   8 version u32 = 1   12 zeros
//   record      := 64 bytes: 0 crc u32 of bytes 4..63   4 count u32 >= 1   8 key u64 u64   24 content u64 u64
//                  40 source u64   48 first u64   56 time_ms i64
inline constexpr std::size_t kRecordBytes = 64;
inline constexpr std::size_t kFileHeaderBytes = 64;

void append_record(const IdempotencyRecord& record, std::string& out);
// Nothing: the CRC fails, as in a torn write.
std::optional<IdempotencyRecord> decode_record(std::string_view bytes);

std::string file_header();
bool valid_file_header(std::string_view bytes);

std::string generation_name(std::uint64_t generation);
// Nothing: the name is not one of a generation.
std::optional<std::uint64_t> parse_generation_name(std::string_view name);

}  // namespace hubferry::ingest

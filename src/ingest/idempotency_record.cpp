#include "ingest/idempotency_record.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace hubferry::ingest {
namespace {

constexpr std::uint32_t kMagic = 0x4B494648U;  // "HFIK"
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kPrefix = "idempotency-";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kDigits = 20;

Fingerprint load_fingerprint(const char* from) {
  return {load_le<std::uint64_t>(from), load_le<std::uint64_t>(from + 8)};
}

void store_fingerprint(char* to, const Fingerprint& fingerprint) {
  store_le(to, fingerprint.low);
  store_le(to + 8, fingerprint.high);
}

}  // namespace

void append_record(const IdempotencyRecord& record, std::string& out) {
  const std::size_t at = out.size();
  out.resize(at + kRecordBytes);
  char* const to = out.data() + at;
  store_le(to + 4, static_cast<std::uint32_t>(record.receipt.last - record.receipt.first + 1));
  store_fingerprint(to + 8, record.key);
  store_fingerprint(to + 24, record.content);
  store_le(to + 40, record.receipt.source);
  store_le(to + 48, record.receipt.first);
  store_le(to + 56, static_cast<std::uint64_t>(record.time_ms));
  store_le(to, crc32c(to + 4, kRecordBytes - 4));
}

std::optional<IdempotencyRecord> decode_record(std::string_view bytes) {
  if (bytes.size() != kRecordBytes) return std::nullopt;
  const char* const from = bytes.data();
  const auto count = load_le<std::uint32_t>(from + 4);
  if (load_le<std::uint32_t>(from) != crc32c(from + 4, kRecordBytes - 4) || count == 0) return std::nullopt;
  IdempotencyRecord record;
  record.key = load_fingerprint(from + 8);
  record.content = load_fingerprint(from + 24);
  const auto first = load_le<std::uint64_t>(from + 48);
  record.receipt = {load_le<std::uint64_t>(from + 40), first, first + count - 1};
  record.time_ms = static_cast<std::int64_t>(load_le<std::uint64_t>(from + 56));
  if (record.time_ms < 0) return std::nullopt;
  return record;
}

std::string file_header() {
  std::string bytes(kFileHeaderBytes, '\0');
  store_le(bytes.data(), kMagic);
  store_le(bytes.data() + 8, kVersion);
  store_le(bytes.data() + 4, crc32c(bytes.data() + 8, kFileHeaderBytes - 8));
  return bytes;
}

bool valid_file_header(std::string_view bytes) {
  return bytes == file_header();
}

std::string generation_name(std::uint64_t generation) {
  const std::string digits = std::to_string(generation);
  return std::string(kPrefix).append(kDigits - digits.size(), '0').append(digits).append(kSuffix);
}

std::optional<std::uint64_t> parse_generation_name(std::string_view name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size() || !name.starts_with(kPrefix) ||
      !name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(kPrefix.size(), kDigits);
  std::uint64_t generation = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), generation);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return generation;
}

}  // namespace hubferry::ingest

#include "consume/commit_note.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/crc32c.h"

namespace hubferry::consume {
namespace {

constexpr std::string_view kVersion = "hf1";
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";  // RFC 4648, 5
constexpr std::size_t kMostFinishedBytes = kMostSpan / 8;
constexpr std::size_t kChecksumDigits = 8;

std::string to_digits(std::string_view bytes) {
  std::string text;
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      const unsigned byte = i / 8 < bytes.size() ? static_cast<unsigned char>(bytes[i / 8]) : 0U;
      value = value * 2 + ((byte >> (7 - i % 8)) & 1U);
    }
    text += kDigits[value];
  }
  return text;
}

std::optional<std::string> from_digits(std::string_view text) {
  std::string bytes(text.size() * 6 / 8, '\0');
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto value = kDigits.find(text[at]);
    if (value == std::string_view::npos) return std::nullopt;
    for (std::size_t i = 0; i < 6; ++i) {
      const std::size_t bit = at * 6 + i;
      if (((value >> (5 - i)) & 1U) == 0) continue;
      if (bit / 8 >= bytes.size()) return std::nullopt;
      bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) | (0x80U >> (bit % 8)));
    }
  }
  return bytes;
}

void append_varint(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) bytes += static_cast<char>(0x80U | (number & 0x7FU));
  bytes += static_cast<char>(number);
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 63 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

// Distance and length, in turns, from the committed offset on.
std::string as_runs(const std::vector<CommitNote::Run>& finished, std::int64_t committed) {
  std::string bytes;
  std::int64_t at = committed;
  for (const CommitNote::Run& run : finished) {
    std::string next;
    append_varint(next, static_cast<std::uint64_t>(run.first - at));
    append_varint(next, static_cast<std::uint64_t>(run.last - run.first + 1));
    if (bytes.size() + next.size() > kMostFinishedBytes) break;
    bytes += next;
    at = run.last + 1;
  }
  return bytes;
}

std::string as_bits(const std::vector<CommitNote::Run>& finished, std::int64_t committed) {
  const std::int64_t span = finished.back().last - committed + 1;
  std::string bytes(static_cast<std::size_t>((span + 7) / 8), '\0');
  for (const CommitNote::Run& run : finished) {
    for (std::int64_t offset = run.first; offset <= run.last; ++offset) {
      const auto bit = static_cast<std::size_t>(offset - committed);
      bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) | (0x80U >> (bit % 8)));
    }
  }
  return bytes;
}

void append_finished(std::string& text, const CommitNote& note, std::int64_t committed) {
  if (note.finished.empty()) return;
  const std::string runs = as_runs(note.finished, committed);
  if (note.finished.back().last - committed < kMostSpan) {
    const std::string bits = as_bits(note.finished, committed);
    // Runs that had to be cut are never longer than a bit map with everything in it.
    const bool complete = runs.size() < kMostFinishedBytes - 20;
    if (!complete || bits.size() < runs.size()) {
      text += " b" + to_digits(bits);
      return;
    }
  }
  if (!runs.empty()) text += " f" + to_digits(runs);
}

bool read_runs(std::string_view bytes, std::int64_t committed, CommitNote& note) {
  std::int64_t at = committed;
  while (!bytes.empty()) {
    const auto distance = take_varint(bytes);
    const auto length = take_varint(bytes);
    constexpr std::uint64_t kFar = 1ULL << 60U;
    if (!distance || !length || *length == 0 || *distance > kFar || *length > kFar) return false;
    const std::int64_t first = at + static_cast<std::int64_t>(*distance);
    at = first + static_cast<std::int64_t>(*length);
    note.finished.push_back({first, at - 1});
  }
  return true;
}

void read_bits(std::string_view bytes, std::int64_t committed, CommitNote& note) {
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    if (((static_cast<unsigned char>(bytes[bit / 8]) >> (7 - bit % 8)) & 1U) == 0) continue;
    const std::int64_t offset = committed + static_cast<std::int64_t>(bit);
    if (!note.finished.empty() && note.finished.back().last + 1 == offset) {
      note.finished.back().last = offset;
    } else {
      note.finished.push_back({offset, offset});
    }
  }
}

bool read_failures(std::string_view bytes, std::int64_t committed, CommitNote& note) {
  std::int64_t at = committed;
  while (!bytes.empty()) {
    const auto distance = take_varint(bytes);
    const auto failures = take_varint(bytes);
    if (!distance || !failures || *failures == 0 || *failures > UINT32_MAX || *distance > (1ULL << 60U)) return false;
    at += static_cast<std::int64_t>(*distance);
    note.failures[at] = static_cast<std::uint32_t>(*failures);
  }
  return true;
}

bool read_parked(std::string_view bytes, CommitNote& note) {
  if (bytes.size() % 8 != 0) return false;
  for (; !bytes.empty(); bytes.remove_prefix(8)) {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < 8; ++i) hash = hash << 8U | static_cast<unsigned char>(bytes[i]);
    note.parked.insert(hash);
  }
  return true;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

bool read_part(char name, std::string_view text, std::int64_t committed, CommitNote& note) {
  if (name == 'n') return read_number(text, note.partitions_at_start);
  const auto bytes = from_digits(text);
  if (!bytes) return false;
  switch (name) {
    case 'f':
      return read_runs(*bytes, committed, note);
    case 'b':
      read_bits(*bytes, committed, note);
      return true;
    case 'a':
      return read_failures(*bytes, committed, note);
    case 'p':
      return read_parked(*bytes, note);
    default:
      return true;  // a later addition
  }
}

std::string checksum(std::string_view text) {
  constexpr const char* kHex = "0123456789abcdef";
  const std::uint32_t sum = crc32c(text.data(), text.size());
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) digits += kHex[(sum >> static_cast<unsigned>(shift)) & 0xFU];
  return digits;
}

}  // namespace

std::string encode(const CommitNote& note, std::int64_t committed) {
  std::string text(kVersion);
  if (note.partitions_at_start != 0) text += " n" + std::to_string(note.partitions_at_start);
  append_finished(text, note, committed);
  std::string failures;
  std::size_t noted = 0;
  std::int64_t at = committed;
  for (const auto& [offset, count] : note.failures) {
    if (noted++ == kMostFailures) break;
    append_varint(failures, static_cast<std::uint64_t>(offset - at));
    append_varint(failures, count);
    at = offset;
  }
  if (!failures.empty()) text += " a" + to_digits(failures);
  std::string parked;
  for (const std::uint64_t hash : note.parked) {
    for (int shift = 56; shift >= 0; shift -= 8) parked += static_cast<char>(hash >> static_cast<unsigned>(shift));
    if (parked.size() == kMostParked * 8) break;
  }
  if (!parked.empty()) text += " p" + to_digits(parked);
  text += ' ';
  return text + checksum(text);
}

std::optional<CommitNote> decode_note(std::string_view text, std::int64_t committed) {
  CommitNote note;
  if (text.empty()) return note;
  if (!text.starts_with(kVersion) || text.size() < kVersion.size() + 1 + kChecksumDigits) return std::nullopt;
  const std::string_view body = text.substr(0, text.size() - kChecksumDigits);
  if (body.back() != ' ' || checksum(body) != text.substr(body.size())) return std::nullopt;
  for (std::size_t from = kVersion.size() + 1; from < body.size();) {
    const std::size_t to = body.find(' ', from);
    const std::string_view part = body.substr(from, to - from);
    if (part.empty() || !read_part(part.front(), part.substr(1), committed, note)) return std::nullopt;
    from = to + 1;
  }
  return note;
}

}  // namespace hubferry::consume

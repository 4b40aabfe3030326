#include "spool/position.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace hubferry::spool {
namespace {

constexpr std::uint32_t kPositionMagic = 0x4F504648;  // "HFPO"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kRangeBytes = 16;
constexpr const char* kName = "position";
constexpr const char* kNewName = "position.new";

struct Slot {
  std::uint64_t generation = 0;
  Position position;
};

std::vector<char> encode(const Slot& slot) {
  const auto& position = slot.position;
  const std::size_t ranges = std::min(position.acknowledged.size(), PositionFile::kMaxRanges);
  const std::size_t attachment_at = kHeaderBytes + ranges * kRangeBytes;
  std::vector<char> bytes(attachment_at + position.attachment.size());
  char* to = bytes.data();
  store_le(to, kPositionMagic);
  store_le(to + 8, kVersion);
  store_le(to + 12, static_cast<std::uint32_t>(ranges));
  store_le(to + 16, slot.generation);
  store_le(to + 24, position.low_water);
  store_le(to + 32, position.next_sequence);
  store_le(to + 40, position.durable);
  store_le(to + 48, static_cast<std::uint32_t>(position.attachment.size()));
  for (std::size_t i = 0; i < ranges; ++i) {
    store_le(to + kHeaderBytes + i * kRangeBytes, position.acknowledged[i].first);
    store_le(to + kHeaderBytes + i * kRangeBytes + 8, position.acknowledged[i].last);
  }
  std::copy(position.attachment.begin(), position.attachment.end(), to + attachment_at);
  store_le(to + 4, crc32c(to + 8, bytes.size() - 8));
  return bytes;
}

bool sound(const Position& position) {
  std::uint64_t below = position.low_water;
  for (const auto& range : position.acknowledged) {
    if (range.first <= below || range.last < range.first) return false;
    below = range.last;
  }
  return below < position.next_sequence && position.durable < position.next_sequence;
}

std::optional<Slot> decode(std::span<const char> bytes) {
  const char* from = bytes.data();
  if (bytes.size() < kHeaderBytes || load_le<std::uint32_t>(from) != kPositionMagic) return std::nullopt;
  const std::size_t ranges = load_le<std::uint32_t>(from + 12);
  const std::size_t attached = load_le<std::uint32_t>(from + 48);
  if (ranges > PositionFile::kMaxRanges || attached > PositionFile::kMaxAttachment) return std::nullopt;
  const std::size_t attachment_at = kHeaderBytes + ranges * kRangeBytes;
  const std::size_t size = attachment_at + attached;
  if (bytes.size() < size) return std::nullopt;
  if (load_le<std::uint32_t>(from + 4) != crc32c(from + 8, size - 8)) return std::nullopt;
  if (load_le<std::uint32_t>(from + 8) != kVersion) return std::nullopt;
  Slot slot;
  slot.generation = load_le<std::uint64_t>(from + 16);
  slot.position.low_water = load_le<std::uint64_t>(from + 24);
  slot.position.next_sequence = load_le<std::uint64_t>(from + 32);
  slot.position.durable = load_le<std::uint64_t>(from + 40);
  for (std::size_t at = kHeaderBytes; at < attachment_at; at += kRangeBytes) {
    slot.position.acknowledged.push_back({load_le<std::uint64_t>(from + at), load_le<std::uint64_t>(from + at + 8)});
  }
  slot.position.attachment.assign(from + attachment_at, attached);
  if (!sound(slot.position)) return std::nullopt;
  return slot;
}

}  // namespace

PositionFile::PositionFile(FileSystem& files, std::filesystem::path directory)
    : files_(files), directory_(std::move(directory)) {}

std::optional<Position> PositionFile::load() {
  auto file = files_.open(directory_ / kName, false);
  if (!file) return std::nullopt;
  std::optional<Slot> newest;
  std::vector<char> bytes(kSlotBytes);
  for (const std::uint64_t offset : {std::uint64_t{0}, kSlotBytes}) {
    const auto got = (*file)->read_at(offset, bytes);
    if (!got) continue;
    auto slot = decode(std::span(bytes).first(*got));
    if (slot && (!newest || slot->generation > newest->generation)) newest = std::move(slot);
  }
  if (!newest) return std::nullopt;
  generation_ = newest->generation;
  return newest->position;
}

Status PositionFile::save(const Position& position) {
  if (position.attachment.size() > kMaxAttachment) {
    return fail(ErrorCode::kInvalid, "an attachment of " + std::to_string(position.attachment.size()) +
                                         " bytes does not fit the position file of " + directory_.string());
  }
  const std::uint64_t generation = generation_ + 1;
  const auto slot = encode({generation, position});
  Status status;
  if (file_) {
    status = file_->write_at(generation % 2 * kSlotBytes, slot);
    if (status) status = file_->sync_data();
  } else {
    status = replace(slot);
  }
  if (!status) {
    file_.reset();
    return status;
  }
  generation_ = generation;
  return {};
}

Status PositionFile::replace(std::span<const char> slot) {
  const auto path = directory_ / kNewName;
  auto file = files_.open(path, true);
  if (!file) return tl::make_unexpected(file.error());
  const auto write = [&]() -> Status {
    if (auto status = (*file)->truncate(0); !status) return status;
    if (auto status = (*file)->allocate(2 * kSlotBytes); !status) return status;
    if (auto status = (*file)->write_at((generation_ + 1) % 2 * kSlotBytes, slot); !status) return status;
    if (auto status = (*file)->sync_data(); !status) return status;
    if (auto status = files_.rename(path, directory_ / kName); !status) return status;
    return files_.sync_directory(directory_);
  };
  if (auto status = write(); !status) {
    (void)files_.remove(path);
    return status;
  }
  file_ = std::move(*file);
  return {};
}

}  // namespace hubferry::spool

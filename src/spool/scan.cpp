#include "spool/scan.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace hubferry::spool {
namespace {

constexpr std::size_t kPageBytes = 4096;  // what a disk may fail to read

bool payload_is_sound(const BlockHeader& header, std::string_view payload) {
  return crc32c(payload.data(), payload.size()) == header.payload_crc && frames_are_sound(payload, header.count);
}

}  // namespace

void SegmentScanner::read(std::uint64_t offset, std::span<char> bytes) {
  auto got = file_.read_at(offset, bytes);
  if (got) {
    std::memset(bytes.data() + *got, 0, bytes.size() - *got);
    return;
  }
  if (!read_error_) read_error_ = got.error();
  for (std::size_t at = 0; at < bytes.size(); at += kPageBytes) {
    const auto page = bytes.subspan(at, std::min(kPageBytes, bytes.size() - at));
    const auto part = file_.read_at(offset + at, page);
    const std::size_t good = part ? *part : 0;
    std::memset(page.data() + good, 0, page.size() - good);
  }
}

std::string_view SegmentScanner::window(std::uint64_t offset, std::uint64_t end) {
  if (offset + kBlockHeaderBytes > end) return {};
  if (offset < window_offset_ || offset + kBlockHeaderBytes > window_offset_ + window_.size()) {
    window_offset_ = offset;
    window_.resize(std::min(kWindowBytes, end - offset));
    read(offset, window_);
  }
  const std::string_view bytes(window_.data(), window_.size());
  return bytes.substr(offset - window_offset_);
}

std::optional<BlockHeader> SegmentScanner::header_at(std::uint64_t offset, std::uint64_t end) {
  const auto bytes = window(offset, end);
  if (!resembles_block(bytes, segment_id_)) return std::nullopt;
  const auto header = decode_block_header(bytes);
  if (!header || header->stored_bytes() > end - offset) return std::nullopt;
  return header;
}

std::shared_ptr<const Block> SegmentScanner::block_at(std::uint64_t offset, std::uint64_t end) {
  const auto header = header_at(offset, end);
  if (!header) return nullptr;
  const std::uint64_t payload_offset = offset + kBlockHeaderBytes;
  const std::size_t size = header->payload_bytes;
  auto storage = std::make_unique_for_overwrite<char[]>(size);
  const auto known = window(offset, end).substr(kBlockHeaderBytes, size);
  std::memcpy(storage.get(), known.data(), known.size());
  if (known.size() < size) read(payload_offset + known.size(), {storage.get() + known.size(), size - known.size()});
  const std::string_view payload(storage.get(), size);
  if (!payload_is_sound(*header, payload)) {
    window_.clear();  // a second attempt reads again
    return nullptr;
  }
  return std::make_shared<const Block>(header->source, header->epoch, header->first_sequence, header->count,
                                       header->written_ms, std::move(storage), payload);
}

std::optional<SegmentScanner::Found> SegmentScanner::find(std::uint64_t offset, std::uint64_t end,
                                                          std::uint64_t least) {
  for (; offset + kBlockHeaderBytes <= end; offset += kSectorBytes) {
    const auto header = header_at(offset, end);
    if (header && header->first_sequence >= least && block_at(offset, end)) return Found{offset, *header};
  }
  return std::nullopt;
}

bool SegmentScanner::started_at(std::uint64_t offset, std::uint64_t end) {
  return resembles_block(window(offset, end), segment_id_);
}

std::optional<Error> SegmentScanner::read_error() {
  return std::exchange(read_error_, std::nullopt);
}

std::optional<std::uint64_t> guess_segment_id(File& file, std::uint64_t size, std::uint64_t first_sequence) {
  std::vector<char> bytes(kBlockHeaderBytes);
  for (std::uint64_t offset = kSegmentHeaderBytes; offset + kBlockHeaderBytes <= size; offset += kSectorBytes) {
    if (!file.read_at(offset, bytes)) continue;
    const auto header = decode_block_header({bytes.data(), bytes.size()});
    if (!header || header->first_sequence < first_sequence) continue;
    if (SegmentScanner(file, header->segment_id).block_at(offset, size)) return header->segment_id;
  }
  return std::nullopt;
}

}  // namespace hubferry::spool

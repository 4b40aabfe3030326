#include "spool/segment.h"

#include <algorithm>

namespace hubferry::spool {

Result<std::unique_ptr<ActiveSegment>> ActiveSegment::create(FileSystem& files, const std::filesystem::path& directory,
                                                             const Plan& plan, bool& named) {
  const auto temporary = directory / plan.temporary_name;
  const auto path = directory / segment_name(plan.header.first_sequence);
  std::unique_ptr<File> file;
  named = false;
  const auto prepare = [&]() -> Status {
    auto opened = files.open(temporary, true);
    if (!opened) return tl::make_unexpected(opened.error());
    file = std::move(*opened);
    const auto size = file->size();
    if (!size) return tl::make_unexpected(size.error());
    if (*size > plan.bytes) {
      if (auto status = file->truncate(plan.bytes); !status) return status;
    } else if (*size < plan.bytes) {
      if (auto status = file->allocate(plan.bytes); !status) return status;
    }
    std::vector<char> page(kSegmentHeaderBytes);
    encode_segment_header(plan.header, page);
    if (auto status = file->write_at(0, page); !status) return status;
    if (auto status = file->sync_data(); !status) return status;
    named = true;
    if (auto status = files.rename(temporary, path); !status) return status;
    return files.sync_directory(directory);
  };
  if (auto status = prepare(); !status) {
    (void)files.remove(temporary);
    if (named) (void)files.remove(path);
    return tl::make_unexpected(status.error());
  }
  return std::unique_ptr<ActiveSegment>(new ActiveSegment(std::move(file), plan));
}

Status ActiveSegment::append(std::span<const char> block) {
  if (auto status = file_->write_at(end_, block); !status) return status;
  if (auto status = file_->sync_data(); !status) return status;
  end_ += block.size();
  return {};
}

Status quarantine(FileSystem& files, const std::filesystem::path& directory, const std::string& segment, File& file,
                  std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t kPiece = 64 * 1024;
  if (from >= to) return {};
  const auto folder = directory / "quarantine";
  if (auto status = files.create_directories(folder); !status) return status;
  auto copy = files.open(folder / (segment + "-" + std::to_string(from) + ".bad"), true);
  if (!copy) return tl::make_unexpected(copy.error());
  std::vector<char> bytes;
  for (std::uint64_t at = from; at < to; at += kPiece) {
    bytes.assign(std::min(kPiece, to - at), 0);
    (void)file.read_at(at, bytes);
    if (auto status = (*copy)->write_at(at - from, bytes); !status) return status;
  }
  if (auto status = (*copy)->sync_data(); !status) return status;
  return files.sync_directory(folder);
}

}  // namespace hubferry::spool

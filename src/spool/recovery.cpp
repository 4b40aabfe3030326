#include "spool/recovery.h"

#include <algorithm>

#include "spool/scan.h"
#include "spool/shared.h"

namespace hubferry::spool {
namespace {

std::string range_text(const SequenceRange& range) {
  return std::to_string(range.first) + " to " + std::to_string(range.last);
}

struct Opened {
  SegmentInfo info;
  std::unique_ptr<File> file;
  std::uint64_t size = 0;
  std::uint64_t low_water = 0;
  bool header_sound = true;
  std::uint64_t last_block = 0;  // its offset; 0: none
};

// Every block was synced before the next was written, so only the last one may be in the kernel's memory alone:
// unsynced when the process was killed, or after a failed sync, and then a further sync would do nothing. Written again
// it becomes durable, before the next segment's header says that it is.
Status rewrite(const Opened& segment) {
  std::vector<char> bytes(segment.info.end - segment.last_block);
  if (auto got = segment.file->read_at(segment.last_block, bytes); !got) return tl::make_unexpected(got.error());
  return segment.file->write_at(segment.last_block, bytes);
}

class Recovery {
 public:
  Recovery(FileSystem& files, const std::filesystem::path& directory, const std::optional<Position>& position)
      : files_(files), directory_(directory), position_(position) {}

  Result<Recovered> run();

 private:
  Status open_segments(const std::vector<std::string>& names);
  Status open_segment(const std::string& name, std::uint64_t number);
  bool identify(Opened& segment, std::uint64_t number);
  void set_aside(const std::string& name, const std::string& reason);
  void scan(Opened& segment, std::optional<std::uint64_t> known_last, bool newest);
  void add_source(std::uint64_t source);
  void read_last_block();
  void lose(Opened& segment, const BadRange& bad);
  void finish_tail(Opened& segment, SegmentScanner& scanner, bool newest);
  void derive_position();

  FileSystem& files_;
  const std::filesystem::path& directory_;
  const std::optional<Position>& position_;
  std::deque<Opened> opened_;
  Recovered result_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t low_water_ = 0;
};

Result<Recovered> Recovery::run() {
  const auto names = files_.list(directory_);
  if (!names) return tl::make_unexpected(names.error());
  if (auto status = open_segments(*names); !status) return tl::make_unexpected(status.error());
  if (position_) low_water_ = position_->low_water;
  for (const auto& segment : opened_) low_water_ = std::max(low_water_, segment.low_water);
  for (std::size_t i = 0; i < opened_.size(); ++i) {
    const bool newest = i + 1 == opened_.size();
    std::optional<std::uint64_t> known_last;
    if (newest) {
      if (position_) known_last = position_->durable;
    } else if (opened_[i + 1].header_sound) {
      known_last = opened_[i + 1].info.starts_after;
    }
    scan(opened_[i], known_last, newest);
    if (!newest && !known_last) opened_[i + 1].info.starts_after = opened_[i].info.last_sequence;
    low_water_ = std::max(low_water_, opened_[i].low_water);
  }
  derive_position();
  read_last_block();
  for (auto& segment : opened_) result_.segments.push_back(std::move(segment.info));
  return std::move(result_);
}

Status Recovery::open_segments(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (const auto spare = parse_spare_name(name)) {
      result_.next_spare = std::max(result_.next_spare, *spare + 1);
      result_.spares.push_back(name);
    } else if (const auto number = parse_segment_name(name)) {
      if (auto status = open_segment(name, *number); !status) return status;
    }
  }
  std::stable_sort(opened_.begin(), opened_.end(),
                   [](const Opened& a, const Opened& b) { return a.info.first_sequence < b.info.first_sequence; });
  for (std::size_t i = 1; i < opened_.size();) {
    if (opened_[i].info.first_sequence != opened_[i - 1].info.first_sequence) {
      ++i;
      continue;
    }
    set_aside(opened_[i].info.name, "it is a second copy of " + opened_[i - 1].info.name);
    opened_.erase(opened_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (result_.spares.size() > kMaxSpares) {
    (void)files_.remove(directory_ / result_.spares.back());
    result_.spares.pop_back();
  }
  return {};
}

Status Recovery::open_segment(const std::string& name, std::uint64_t number) {
  Opened segment;
  segment.info.name = name;
  segment.info.sealed = true;
  auto file = files_.open(directory_ / name, false);
  if (!file) return tl::make_unexpected(file.error());
  segment.file = std::move(*file);
  const auto size = segment.file->size();
  if (!size) return tl::make_unexpected(size.error());
  segment.size = std::max(*size, kSegmentHeaderBytes);  // bytes that a file does not have read as zeros

  std::string page(kSegmentHeaderBytes, '\0');
  (void)segment.file->read_at(0, page);  // what cannot be read is as good as corrupt
  auto header = decode_segment_header(page);
  if (!header && header.error().code != ErrorCode::kCorrupt) {
    header.error().message = (directory_ / name).string() + ": " + header.error().message;
    return tl::make_unexpected(header.error());
  }
  if (header) {
    segment.info.id = header->id;
    segment.info.first_sequence = header->first_sequence;
    segment.info.starts_after = header->starts_after;
    segment.low_water = header->low_water;
  } else if (!identify(segment, number)) {
    set_aside(name, "its header is corrupt and no block could be found");
    next_sequence_ = std::max(
        next_sequence_, number + (segment.size - kSegmentHeaderBytes) / sizeof(std::uint32_t));  // more it cannot hold
    return {};
  }
  if (segment.info.first_sequence != number) next_sequence_ = std::max(next_sequence_, number + 1);  // renamed by hand
  segment.info.last_sequence = segment.info.first_sequence - 1;
  opened_.push_back(std::move(segment));
  return {};
}

bool Recovery::identify(Opened& segment, std::uint64_t number) {
  const auto id = guess_segment_id(*segment.file, segment.size, number);
  if (!id) return false;
  segment.header_sound = false;
  segment.info.id = *id;
  segment.info.first_sequence = number;
  segment.info.starts_after = number - 1;
  ++result_.quarantined;
  (void)quarantine(files_, directory_, segment.info.name, *segment.file, 0, kSegmentHeaderBytes);
  result_.notices.push_back("the header of " + (directory_ / segment.info.name).string() +
                            " is corrupt; its blocks were found without it, a copy is in quarantine/");
  return true;
}

void Recovery::set_aside(const std::string& name, const std::string& reason) {
  ++result_.quarantined;
  const auto folder = directory_ / "quarantine";
  auto status = files_.create_directories(folder);
  if (status) status = files_.rename(directory_ / name, folder / name);
  if (status) status = files_.sync_directory(directory_);
  result_.notices.push_back((directory_ / name).string() + " was set aside: " + reason +
                            (status ? "; see quarantine/" : "; " + status.error().message));
}

void Recovery::scan(Opened& segment, std::optional<std::uint64_t> known_last, bool newest) {
  SegmentScanner scanner(*segment.file, segment.info.id);
  auto& info = segment.info;
  // Behind what the next segment knows are blocks that were never acknowledged to anybody.
  const std::uint64_t limit = newest ? UINT64_MAX : known_last.value_or(UINT64_MAX);
  while (info.last_sequence < limit) {
    auto header = scanner.header_at(info.end, segment.size);
    if (header && newest && header->first_sequence > info.last_sequence) {
      next_sequence_ = std::max(next_sequence_, header->last_sequence() + 1);
      if (!scanner.block_at(info.end, segment.size)) header.reset();
    }
    if (!header || header->first_sequence != info.last_sequence + 1) {
      const auto found = scanner.find(info.end, segment.size, info.last_sequence + 1);
      if (!found || found->header.first_sequence > limit) break;
      lose(segment, {info.end, found->offset, {info.last_sequence + 1, found->header.first_sequence - 1}});
      info.end = found->offset;
      header = found->header;
      (void)scanner.read_error();  // part of the loss just told
    }
    segment.last_block = info.end;
    add_source(header->source);
    info.end += header->stored_bytes();
    info.last_sequence = header->last_sequence();
    segment.low_water = std::max(segment.low_water, header->low_water);
  }
  if (known_last && *known_last > info.last_sequence) {
    lose(segment, {info.end, segment.size, {info.last_sequence + 1, *known_last}});
    info.end = segment.size;
    info.last_sequence = *known_last;
    return;
  }
  if (scanner.read_error()) {
    lose(segment, {info.end, segment.size, {info.last_sequence + 1, info.last_sequence}});
    info.end = segment.size;
    return;
  }
  finish_tail(segment, scanner, newest);
}

void Recovery::add_source(std::uint64_t source) {
  auto& sources = result_.sources;
  if (!sources.empty() && sources.back() == source) return;
  if (std::find(sources.begin(), sources.end(), source) == sources.end()) sources.push_back(source);
}

void Recovery::read_last_block() {
  const auto segment =
      std::find_if(opened_.rbegin(), opened_.rend(), [](const Opened& o) { return o.last_block != 0; });
  if (segment == opened_.rend()) return;
  SegmentScanner scanner(*segment->file, segment->info.id);
  result_.last_block = scanner.block_at(segment->last_block, segment->info.end);
}

void Recovery::lose(Opened& segment, const BadRange& bad) {
  segment.info.bad.push_back(bad);
  if (!bad.missing.empty() && bad.missing.last <= low_water_) return;  // acknowledged long ago: nothing is lost
  const auto status = quarantine(files_, directory_, segment.info.name, *segment.file, bad.from, bad.to);
  ++result_.quarantined;
  result_.notices.push_back(
      "bytes " + std::to_string(bad.from) + " to " + std::to_string(bad.to) + " of " +
      (directory_ / segment.info.name).string() + " are corrupt; " +
      (bad.missing.empty() ? "no record is missing" : "the records " + range_text(bad.missing) + " are missing") +
      (status ? "; a copy is in quarantine/" : "; they could not be copied: " + status.error().message));
}

// What is behind the last block was never acknowledged to anybody. The cut gives the disk its space back.
void Recovery::finish_tail(Opened& segment, SegmentScanner& scanner, bool newest) {
  const std::string path = (directory_ / segment.info.name).string();
  if (newest && scanner.started_at(segment.info.end, segment.size)) {
    result_.notices.push_back(path +
                              " ended in a block that was never completed nor acknowledged to anybody; cut at byte " +
                              std::to_string(segment.info.end));
  }
  Status status;
  const bool cut = segment.size > segment.info.end;
  if (cut) status = segment.file->truncate(segment.info.end);
  const bool known_durable = position_ && position_->durable >= segment.info.last_sequence;
  if (status && newest && segment.last_block != 0 && !known_durable) status = rewrite(segment);
  if (status && (cut || newest)) status = segment.file->sync_data();
  if (!status) result_.notices.push_back("the end of a segment could not be repaired: " + status.error().message);
}

void Recovery::derive_position() {
  auto& position = result_.position;
  if (position_) position = *position_;
  for (const auto& segment : opened_) {
    // Also above an empty segment, so that its name is not used again while it waits for its release.
    next_sequence_ = std::max({next_sequence_, segment.info.first_sequence + 1, segment.info.last_sequence + 1});
    position.durable = std::max(position.durable, segment.info.last_sequence);
  }
  const std::uint64_t known = std::max(position.low_water, low_water_);
  position.low_water = known;
  if (!opened_.empty()) {
    position.low_water = std::max(known, opened_.front().info.starts_after);
  } else if (position_) {
    position.low_water = std::max(known, position.durable);
  }
  if (position_ && position.low_water > known) {
    std::uint64_t missing = position.low_water - known;
    for (const auto& range : position.acknowledged) missing -= overlap(range, {known + 1, position.low_water});
    if (missing != 0) {
      ++result_.quarantined;
      result_.notices.push_back("segment files are missing in " + directory_.string() + ": " + std::to_string(missing) +
                                " records between " + std::to_string(known + 1) + " and " +
                                std::to_string(position.low_water) + " cannot be delivered");
    }
  }
  position.durable = std::max(position.durable, position.low_water);
  position.next_sequence = std::max({position.next_sequence, next_sequence_, position.durable + 1});
  for (auto& range : position.acknowledged) range.first = std::max(range.first, position.low_water + 1);
  std::erase_if(position.acknowledged, [](const SequenceRange& range) { return range.first > range.last; });
}

}  // namespace

Result<Recovered> recover(FileSystem& files, const std::filesystem::path& directory,
                          const std::optional<Position>& position) {
  return Recovery(files, directory, position).run();
}

}  // namespace hubferry::spool

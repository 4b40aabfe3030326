#include "spool/inspect.h"

#include <algorithm>
#include <optional>

#include "spool/position.h"
#include "spool/scan.h"

namespace hubferry::spool {
namespace {

// Between two reads of a file or a directory that a daemon is changing.
constexpr int kAttempts = 20;

struct Candidate {
  std::string name;
  std::uint64_t id = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t starts_after = 0;
  bool header_sound = true;
};

std::string range_text(const SequenceRange& range) {
  return range.size() == 1 ? "record " + std::to_string(range.first)
                           : "records " + std::to_string(range.first) + " to " + std::to_string(range.last);
}

class Inspector {
 public:
  Inspector(FileSystem& files, const std::filesystem::path& directory, const RecordVisitor& visit)
      : files_(files), directory_(directory), visit_(visit) {}

  Result<Inspection> run();

 private:
  // What the file says of itself; nothing: it is not there any more.
  Result<std::optional<Candidate>> read_header(const std::string& name, std::uint64_t number);
  Result<std::optional<Candidate>> identify(const std::string& name, std::uint64_t number);
  Status read_names_and_position();
  void load_position();
  Status identify_all();
  void find_low_water();
  void raise_low_water(File& file, const Candidate& segment, std::uint64_t limit, bool newest);
  Status scan_all();
  Result<bool> scan(const Candidate& candidate, std::optional<std::uint64_t> known_last, bool newest);
  bool still_there(const Candidate& segment);
  bool take(const Block& block, InspectedSegment& segment);
  void lose(InspectedSegment& segment, const BadRange& bad);
  void add_damage(std::string text, const std::string& segment, std::uint64_t from);
  void check_front();
  void count_quarantine();

  std::uint64_t acknowledged_in(const SequenceRange& range) const;
  bool acknowledged(std::uint64_t sequence) const { return acknowledged_in({sequence, sequence}) != 0; }

  FileSystem& files_;
  const std::filesystem::path& directory_;
  const RecordVisitor& visit_;
  std::vector<std::string> names_;
  std::optional<Position> position_;
  std::vector<Candidate> candidates_;
  Inspection result_;
  bool front_released_ = false;  // since the names were read
  bool ended_ = false;           // by the visitor
};

Result<Inspection> Inspector::run() {
  if (auto status = read_names_and_position(); !status) return tl::make_unexpected(status.error());
  if (auto status = identify_all(); !status) return tl::make_unexpected(status.error());
  find_low_water();
  check_front();
  if (auto status = scan_all(); !status) return tl::make_unexpected(status.error());
  count_quarantine();
  for (const auto& segment : result_.segments) {
    result_.blocks += segment.blocks;
    result_.records += segment.records;
    result_.bytes += segment.bytes;
    result_.unacknowledged += segment.unacknowledged;
  }
  return std::move(result_);
}

// A position between two equal lists of segments is true of them: nothing was released or begun meanwhile.
Status Inspector::read_names_and_position() {
  const auto segments_of = [](const std::vector<std::string>& names) {
    std::vector<std::string> segments;
    for (const auto& name : names) {
      if (parse_segment_name(name)) segments.push_back(name);
    }
    return segments;
  };
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto before = files_.list(directory_);
    if (!before) return tl::make_unexpected(before.error());
    load_position();
    auto after = files_.list(directory_);
    if (!after) return tl::make_unexpected(after.error());
    names_ = std::move(*after);
    if (segments_of(*before) == segments_of(names_)) break;
  }
  return {};
}

void Inspector::load_position() {
  position_.reset();
  result_.position = Inspection::PositionState::kMissing;
  for (int attempt = 0; attempt < kAttempts && !position_; ++attempt) {
    position_ = PositionFile(files_, directory_).load();
    if (position_) {
      result_.position = Inspection::PositionState::kSound;
    } else if (auto file = files_.open(directory_ / "position", false)) {
      result_.position = Inspection::PositionState::kCorrupt;
    } else {
      return;
    }
  }
}

Result<std::optional<Candidate>> Inspector::read_header(const std::string& name, std::uint64_t number) {
  auto file = files_.open(directory_ / name, false);
  if (!file) {
    if (file.error().code == ErrorCode::kNotFound) return std::nullopt;
    return tl::make_unexpected(file.error());
  }
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  std::string page(kSegmentHeaderBytes, '\0');
  (void)(*file)->read_at(0, page);  // what cannot be read is as good as corrupt
  auto header = decode_segment_header(page);
  if (header) return Candidate{name, header->id, header->first_sequence, header->starts_after, true};
  if (header.error().code != ErrorCode::kCorrupt) {
    header.error().message = (directory_ / name).string() + ": " + header.error().message;
    return tl::make_unexpected(header.error());
  }
  const auto id = guess_segment_id(**file, std::max(*size, kSegmentHeaderBytes), number);
  return Candidate{name, id.value_or(0), number, number - 1, false};
}

// A header that does not fit may be that of the next use of a file which was renamed a moment ago: then the name is
// gone.
Result<std::optional<Candidate>> Inspector::identify(const std::string& name, std::uint64_t number) {
  auto candidate = read_header(name, number);
  if (candidate && (!*candidate || ((*candidate)->header_sound && (*candidate)->first_sequence == number))) {
    return candidate;
  }
  return read_header(name, number);
}

Status Inspector::identify_all() {
  for (const auto& name : names_) {
    if (parse_spare_name(name)) ++result_.spares;
    const auto number = parse_segment_name(name);
    if (!number) continue;
    auto candidate = identify(name, *number);
    if (!candidate) return tl::make_unexpected(candidate.error());
    if (!*candidate) {
      front_released_ = true;
      continue;
    }
    if ((*candidate)->first_sequence != *number) {
      result_.remarks.push_back(name + " was renamed: its header says that it begins with record " +
                                std::to_string((*candidate)->first_sequence));
    }
    if (!(*candidate)->header_sound) {
      add_damage((directory_ / name).string() + ": the header is corrupt" +
                     ((*candidate)->id == 0 ? ", and no block could be found" : ""),
                 name, 0);
    }
    if ((*candidate)->header_sound || (*candidate)->id != 0) candidates_.push_back(std::move(**candidate));
  }
  std::stable_sort(candidates_.begin(), candidates_.end(),
                   [](const Candidate& a, const Candidate& b) { return a.first_sequence < b.first_sequence; });
  const auto same = [&](const Candidate& a, const Candidate& b) {
    if (a.first_sequence != b.first_sequence) return false;
    result_.damage.push_back((directory_ / b.name).string() + " is a second copy of " + a.name);
    return true;
  };
  candidates_.erase(std::unique(candidates_.begin(), candidates_.end(), same), candidates_.end());
  return {};
}

// The highest of what position, segment headers and blocks say, as a start takes it.
void Inspector::find_low_water() {
  if (position_) result_.low_water = position_->low_water;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    auto file = files_.open(directory_ / candidates_[i].name, false);
    if (!file) continue;
    const bool newest = i + 1 == candidates_.size();
    const bool limited = !newest && candidates_[i + 1].header_sound;
    raise_low_water(**file, candidates_[i], limited ? candidates_[i + 1].starts_after : UINT64_MAX, newest);
  }
}

void Inspector::raise_low_water(File& file, const Candidate& segment, std::uint64_t limit, bool newest) {
  std::string page(kSegmentHeaderBytes, '\0');
  (void)file.read_at(0, page);
  auto& low_water = result_.low_water;
  const auto header = decode_segment_header(page);
  if (header && header->id == segment.id) low_water = std::max(low_water, header->low_water);
  const std::uint64_t end = file.size().value_or(0);
  SegmentScanner scanner(file, segment.id);
  std::uint64_t last = segment.first_sequence - 1;
  for (std::uint64_t at = kSegmentHeaderBytes; last < limit;) {
    auto block = scanner.header_at(at, end);
    const bool whole = block && (!newest || scanner.block_at(at, end));
    if (!whole || block->first_sequence != last + 1) {
      const auto found = scanner.find(at, end, last + 1);
      if (!found || found->header.first_sequence > limit) return;
      block = found->header;
      at = found->offset;
    }
    low_water = std::max(low_water, block->low_water);
    last = block->last_sequence();
    at += block->stored_bytes();
  }
}

std::uint64_t Inspector::acknowledged_in(const SequenceRange& range) const {
  std::uint64_t count = overlap(range, {1, result_.low_water});
  if (!position_) return count;
  const auto& ranges = position_->acknowledged;
  auto at = std::lower_bound(ranges.begin(), ranges.end(), range.first,
                             [](const SequenceRange& r, std::uint64_t first) { return r.last < first; });
  const SequenceRange above{std::max(range.first, result_.low_water + 1), range.last};
  for (; at != ranges.end() && at->first <= range.last; ++at) {
    if (above.first <= above.last) count += overlap(above, *at);
  }
  return count;
}

// What lies between the acknowledged records and the first segment should be in a file.
void Inspector::check_front() {
  if (!position_ || front_released_) return;
  const std::uint64_t present_from = candidates_.empty() ? position_->durable : candidates_.front().starts_after;
  if (present_from <= result_.low_water) return;
  const SequenceRange gap{result_.low_water + 1, present_from};
  const std::uint64_t missing = gap.size() - acknowledged_in(gap);
  if (missing == 0) return;
  result_.lost += missing;
  result_.damage.push_back("segment files are missing in " + directory_.string() + ": " + std::to_string(missing) +
                           " records of " + range_text(gap) + " are not acknowledged and in no file");
}

Status Inspector::scan_all() {
  for (std::size_t i = 0; i < candidates_.size() && !ended_; ++i) {
    const bool newest = i + 1 == candidates_.size();
    std::optional<std::uint64_t> known_last;
    if (newest) {
      if (position_) known_last = position_->durable;
    } else if (candidates_[i + 1].header_sound) {
      known_last = candidates_[i + 1].starts_after;
    }
    const auto damage_before = result_.damage.size();
    const auto remarks_before = result_.remarks.size();
    const auto lost_before = result_.lost;
    const auto set_aside_before = result_.set_aside;
    const auto scanned = scan(candidates_[i], known_last, newest);
    if (!scanned) return tl::make_unexpected(scanned.error());
    if (*scanned) continue;
    // Released while it was read: then all before it were too, and maybe its space is being used again.
    result_.damage.resize(damage_before);
    result_.remarks.resize(remarks_before);
    result_.lost = lost_before;
    result_.set_aside = set_aside_before;
    result_.segments.clear();
  }
  return {};
}

// False: the segment is not there any more.
Result<bool> Inspector::scan(const Candidate& candidate, std::optional<std::uint64_t> known_last, bool newest) {
  auto file = files_.open(directory_ / candidate.name, false);
  if (!file) {
    if (file.error().code == ErrorCode::kNotFound) return false;
    return tl::make_unexpected(file.error());
  }
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  const std::uint64_t end = std::max(*size, kSegmentHeaderBytes);
  InspectedSegment segment;
  segment.name = candidate.name;
  segment.file_bytes = *size;
  segment.first_sequence = candidate.first_sequence;
  segment.last_sequence = candidate.first_sequence - 1;

  const std::uint64_t limit = newest ? UINT64_MAX : known_last.value_or(UINT64_MAX);
  SegmentScanner scanner(**file, candidate.id);
  std::optional<Error> read_error;
  std::uint64_t at = kSegmentHeaderBytes;
  while (segment.last_sequence < limit) {
    const auto fits = [&](const std::shared_ptr<const Block>& block) {
      return block && block->first_sequence() == segment.last_sequence + 1;
    };
    auto block = scanner.block_at(at, end);
    if (!fits(block)) {
      const auto found = scanner.find(at, end, segment.last_sequence + 1);
      if (!found || found->header.first_sequence > limit) break;
      // A block that was half written a moment ago is whole now that another one follows it.
      block = SegmentScanner(**file, candidate.id).block_at(at, end);
      if (!fits(block)) {
        block = scanner.block_at(found->offset, end);
        if (!block) break;
        lose(segment, {at, found->offset, {segment.last_sequence + 1, block->first_sequence() - 1}});
        at = found->offset;
      }
      if (auto error = scanner.read_error(); error && !read_error) read_error = error;
    }
    if (!take(*block, segment)) break;
    at += block_bytes(block->bytes());
  }
  if (auto error = scanner.read_error(); error && !read_error) read_error = error;
  if (!ended_ && known_last && *known_last > segment.last_sequence) {
    lose(segment, {at, end, {segment.last_sequence + 1, *known_last}});
  } else if (!ended_ && newest && scanner.started_at(at, end)) {
    result_.remarks.push_back(candidate.name + " ends at byte " + std::to_string(at) +
                              " in a block that is not complete: being written, or cut off by a crash before anybody "
                              "was told of it");
  }
  if (read_error) result_.damage.push_back(read_error->message);
  if ((!segment.bad.empty() || read_error) && !still_there(candidate)) return false;
  result_.segments.push_back(std::move(segment));
  return true;
}

bool Inspector::still_there(const Candidate& segment) {
  const auto number = parse_segment_name(segment.name);
  const auto now = identify(segment.name, number.value_or(1));
  return now && *now && (*now)->id == segment.id;
}

bool Inspector::take(const Block& block, InspectedSegment& segment) {
  const SequenceRange range{block.first_sequence(), block.last_sequence()};
  segment.last_sequence = range.last;
  ++segment.blocks;
  segment.records += block.count();
  segment.unacknowledged += range.size() - acknowledged_in(range);
  for (RecordCursor cursor(block); !cursor.done(); cursor.advance()) {
    segment.bytes += cursor.record().size();
    if (!visit_) continue;
    const InspectedRecord record{block.source(), cursor.sequence(), block.written_ms(), acknowledged(cursor.sequence()),
                                 cursor.record()};
    if (visit_(record)) continue;
    ended_ = true;
    return false;
  }
  return true;
}

void Inspector::lose(InspectedSegment& segment, const BadRange& bad) {
  segment.bad.push_back(bad);
  segment.last_sequence = std::max(segment.last_sequence, bad.missing.last);
  const std::uint64_t lost = bad.missing.empty() ? 0 : bad.missing.size() - acknowledged_in(bad.missing);
  result_.lost += lost;
  std::string text = (directory_ / segment.name).string() + ": bytes " + std::to_string(bad.from) + " to " +
                     std::to_string(bad.to) + " are corrupt";
  if (bad.missing.empty()) {
    text += "; no record is missing";
  } else {
    text += "; " + range_text(bad.missing) + " missing, " +
            (lost == 0 ? "all acknowledged before" : std::to_string(lost) + " of them not acknowledged");
  }
  add_damage(std::move(text), segment.name, bad.from);
}

void Inspector::add_damage(std::string text, const std::string& segment, std::uint64_t from) {
  const auto copy = directory_ / "quarantine" / (segment + "-" + std::to_string(from) + ".bad");
  if (files_.open(copy, false)) {
    text += "; a copy is in quarantine/";
    ++result_.set_aside;
  }
  result_.damage.push_back(std::move(text));
}

void Inspector::count_quarantine() {
  const auto folder = directory_ / "quarantine";
  const auto names = files_.list(folder);
  if (!names) return;
  for (const auto& name : *names) {
    ++result_.quarantine_files;
    auto file = files_.open(folder / name, false);
    if (!file) continue;
    if (const auto size = (*file)->size()) result_.quarantine_bytes += *size;
  }
}

}  // namespace

Result<Inspection> inspect(FileSystem& files, const std::filesystem::path& directory, const RecordVisitor& visit) {
  return Inspector(files, directory, visit).run();
}

bool resembles_spool(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "position" || name == "lock" || parse_segment_name(name) || parse_spare_name(name);
  });
}

}  // namespace hubferry::spool

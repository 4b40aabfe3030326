#include "ingest/idempotency_files.h"

#include <algorithm>
#include <utility>

namespace hubferry::ingest {
namespace {

// Records read at once.
constexpr std::size_t kReadRecords = 4096;

}  // namespace

IdempotencyFiles::Loaded IdempotencyFiles::load(std::int64_t now_ms,
                                                const std::function<void(const IdempotencyRecord&)>& visit) {
  Loaded loaded;
  const auto names = files_.list(directory_);
  if (!names) {
    loaded.problems.push_back("Idempotency-Keys of earlier starts are forgotten: " + names.error().message);
    return loaded;
  }
  for (const std::string& name : *names) {
    if (const auto number = parse_generation_name(name)) load_generation(*number, now_ms, loaded, visit);
  }
  remove_obsolete(now_ms);
  return loaded;
}

void IdempotencyFiles::load_generation(std::uint64_t number, std::int64_t now_ms, Loaded& loaded,
                                       const std::function<void(const IdempotencyRecord&)>& visit) {
  const auto path = directory_ / generation_name(number);
  next_number_ = number + 1;
  // What cannot be read goes when its records would have gone at the latest.
  Generation& generation = generations_.emplace_back(Generation{number, 0, now_ms, now_ms});
  const auto problem = [&](const std::string& what) {
    loaded.problems.push_back("Idempotency-Keys in " + path.string() + " are forgotten: " + what);
  };
  auto file = files_.open(path, false);
  if (!file) return problem(file.error().message);
  std::string bytes(kReadRecords * kRecordBytes, '\0');
  auto header = (*file)->read_at(0, {bytes.data(), kFileHeaderBytes});
  if (!header) return problem(header.error().message);
  if (!valid_file_header(std::string_view(bytes).substr(0, *header))) {
    if (*header != 0) problem("the header is not sound, or of another version");
    return;
  }
  std::uint64_t bad = 0;  // since the last sound record
  for (std::uint64_t offset = kFileHeaderBytes;; offset += bytes.size()) {
    const auto got = (*file)->read_at(offset, bytes);
    if (!got) return problem(got.error().message);
    for (std::size_t at = 0; at + kRecordBytes <= *got; at += kRecordBytes) {
      const auto record = decode_record(std::string_view(bytes).substr(at, kRecordBytes));
      if (!record) {
        ++bad;
        continue;
      }
      loaded.corrupt += std::exchange(bad, 0);
      generation.oldest_ms = generation.records == 0 ? record->time_ms : generation.oldest_ms;
      generation.newest_ms =
          std::max(generation.records == 0 ? record->time_ms : generation.newest_ms, record->time_ms);
      ++generation.records;
      visit(*record);
    }
    if (*got < bytes.size()) return;
  }
}

Status IdempotencyFiles::append(std::span<const IdempotencyRecord> records, std::int64_t now_ms) {
  if (file_ && (generations_.back().records >= limits_.max_keys ||
                now_ms - generations_.back().oldest_ms >= limits_.window_ms)) {
    file_.reset();
  }
  const bool fresh = !file_;
  if (fresh) {
    if (auto opened = open_generation(); !opened) return opened;
    generations_.back().oldest_ms = now_ms;
  }
  std::string bytes = fresh ? file_header() : std::string();
  bytes.reserve(bytes.size() + records.size() * kRecordBytes);
  for (const IdempotencyRecord& record : records) append_record(record, bytes);
  Status stored = file_->write_at(end_, bytes);
  if (stored) stored = file_->sync_data();
  if (stored && fresh) stored = files_.sync_directory(directory_);
  Generation& generation = generations_.back();
  generation.newest_ms = now_ms;
  if (!stored) {
    file_.reset();
    return stored;
  }
  generation.records += records.size();
  end_ += bytes.size();
  if (fresh) remove_obsolete(now_ms);
  return {};
}

Status IdempotencyFiles::open_generation() {
  auto file = files_.open(directory_ / generation_name(next_number_), true);
  if (!file) return tl::make_unexpected(file.error());
  file_ = std::move(*file);
  end_ = 0;
  generations_.push_back({next_number_++, 0, 0, 0});
  return {};
}

// Best effort: what stays is removed at a later time or start.
void IdempotencyFiles::remove_obsolete(std::int64_t now_ms) {
  std::uint64_t newer = 0;
  for (const Generation& generation : generations_) newer += generation.records;
  while (!generations_.empty()) {
    const Generation& oldest = generations_.front();
    const bool written = file_ && generations_.size() == 1;
    newer -= oldest.records;
    if (written || (now_ms - oldest.newest_ms < limits_.window_ms && newer < limits_.max_keys)) return;
    (void)files_.remove(directory_ / generation_name(oldest.number));
    generations_.pop_front();
  }
}

}  // namespace hubferry::ingest

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "ctl/spool_commands.h"
#include "produce/refused_file.h"
#include "spool/inspect.h"
#include "spool/read_only.h"

namespace hubferry::ctl {
namespace {

namespace fs = std::filesystem;

// Nothing is forgotten here: how long keys count is for the daemon to say.
ingest::IdempotencyLog::Options keep_all_keys(const fs::path& directory) {
  constexpr Milliseconds kFarAway = std::chrono::hours(24 * 365 * 100);
  return {directory, kFarAway, UINT32_MAX};
}

std::vector<std::string> spools_below(const fs::path& directory, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const auto& name : names) {
    const auto entries = spool::read_only_file_system().list(directory / name);
    if (entries && spool::resembles_spool(*entries)) found.push_back((directory / name).string());
  }
  return found;
}

}  // namespace

Status check_directory(const fs::path& directory) {
  auto names = spool::read_only_file_system().list(directory);
  if (!names) {
    if (names.error().code == ErrorCode::kNotFound) {
      names.error().message +=
          "; DIR is the folder of a produce route below spool.directory, such as /var/lib/hubferry/spool/orders";
    }
    return tl::make_unexpected(names.error());
  }
  if (spool::resembles_spool(*names)) return {};
  std::string list;
  for (const auto& name : spools_below(directory, *names)) list += "\n  " + name;
  if (!list.empty()) {
    return fail(ErrorCode::kInvalid, directory.string() + " is not the spool of one route, name one of:" + list);
  }
  return fail(ErrorCode::kInvalid,
              directory.string() +
                  " holds no spool (no segment, position or lock file); name the folder of a produce "
                  "route below spool.directory");
}

std::uint64_t count_refused(const fs::path& directory) {
  auto& files = spool::read_only_file_system();
  auto file = files.open(produce::RefusedFile(files, directory).path(), false);
  if (!file) return 0;
  std::vector<char> piece(64UL * 1024);
  std::uint64_t lines = 0;
  char last = '\n';
  for (std::uint64_t at = 0;;) {
    const auto got = (*file)->read_at(at, piece);
    if (!got || *got == 0) break;
    lines +=
        static_cast<std::uint64_t>(std::count(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got), '\n'));
    last = piece[*got - 1];
    at += *got;
  }
  return lines + (last == '\n' ? 0 : 1);
}

OpenedSpool::OpenedSpool(spool::FileSystem& files, const fs::path& directory)
    : idempotency_log_(files, keep_all_keys(directory), metrics_, directory.filename().string()) {}

Result<std::unique_ptr<OpenedSpool>> OpenedSpool::open(spool::FileSystem& files, const spool::Options& options) {
  std::unique_ptr<OpenedSpool> opened(new OpenedSpool(files, options.directory));
  spool::Options with_companion = options;
  with_companion.companion = &opened->idempotency_log_;
  auto spool = spool::Spool::open(files, with_companion);
  if (!spool && spool.error().code == ErrorCode::kConflict) {
    return fail(ErrorCode::kConflict, "a hubferryd or hubferryctl uses " + options.directory.string() +
                                          ": stop it first (verify, dump and export work beside it)");
  }
  if (!spool) return tl::make_unexpected(spool.error());
  opened->spool_ = std::move(*spool);
  opened->notices_ = opened->idempotency_log_.load(*opened->spool_);
  for (auto& notice : opened->spool_->notices()) opened->notices_.push_back(std::move(notice));
  return opened;
}

void hand_over(const fs::path& directory) {
  struct stat owner = {};
  if (::geteuid() != 0 || ::stat(directory.c_str(), &owner) != 0 || owner.st_uid == 0) return;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    struct stat known = {};
    if (::lstat(entry->path().c_str(), &known) != 0 || known.st_uid != 0) continue;
    (void)!::lchown(entry->path().c_str(), owner.st_uid, owner.st_gid);
  }
}

}  // namespace hubferry::ctl

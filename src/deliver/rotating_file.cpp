#include "deliver/rotating_file.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

namespace hubferry::deliver {
namespace {

constexpr std::int64_t kRotateAgainMs = 10'000;
constexpr int kMostFilesASecond = 1'000'000;

// The size of the file without an unfinished last line; nothing on a read error.
std::optional<off_t> end_of_last_line(int file, off_t size) {
  std::array<char, 4096> buffer{};
  while (size > 0) {
    const auto chunk = std::min<off_t>(size, static_cast<off_t>(buffer.size()));
    if (::pread(file, buffer.data(), static_cast<std::size_t>(chunk), size - chunk) != chunk) return std::nullopt;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(chunk));
    if (const auto at = bytes.rfind('\n'); at != std::string_view::npos) {
      return size - chunk + static_cast<off_t>(at) + 1;
    }
    size -= chunk;
  }
  return 0;
}

// A file's name survives a crash only once its folder is on disk, too.
bool sync_with_folder(int file, const std::string& path) {
  if (::fsync(file) != 0) return false;
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0;
}

const char* advice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free some space on its disk";
    case EFBIG:
      return "raise the daemon's limit for the size of a file, or set handler.rotate.max-bytes";
    case EACCES:
    case EPERM:
    case EROFS:
      return "give the daemon's user the right to write there";
    case ENOENT:
    case ENOTDIR:
      return "create its folder";
    case EMFILE:
    case ENFILE:
      return "raise the daemon's limit of open files";
    case ENAMETOOLONG:
      return "give it a shorter name";
    case EISDIR:
      return "name a file, not a folder";
    default:
      return "check its disk";
  }
}

std::string utc_text(std::int64_t time_ms) {
  const auto seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

// Never replaces a file. Not every file system can say so in one call.
bool rename_to_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (::access(to.c_str(), F_OK) == 0) {
    errno = EEXIST;
    return false;
  }
  return ::rename(from.c_str(), to.c_str()) == 0;
}

}  // namespace

tl::unexpected<Error> RotatingFile::failed(const std::string& what, int error) const {
  return fail(
      ErrorCode::kIo,
      "cannot " + what + " the handler's file " + options_.path + ": " + std::strerror(error) + "; " + advice(error),
      Disposition::kRetry);
}

Status RotatingFile::open(std::int64_t now_ms) {
  file_.reset();
  UniqueFd file(::open(options_.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return failed("open", errno);
  return use(std::move(file), now_ms);
}

Status RotatingFile::use(UniqueFd file, std::int64_t now_ms) {
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return failed("examine", errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kInvalid, "the handler's file " + options_.path + " is not a regular file; name another");
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::kConflict, "the handler's file " + options_.path +
                                          " is written by another process or route; give each one its own file");
  }
  // Its size is certain only now that nobody else writes it.
  if (::fstat(file.get(), &status) != 0) return failed("examine", errno);
  const auto size = end_of_last_line(file.get(), status.st_size);
  if (!size) return failed("read", errno);
  if (*size != status.st_size) {
    spdlog::warn("{}: cut off {} bytes of a line that was left unfinished; its event is delivered again", options_.path,
                 status.st_size - *size);
    if (::ftruncate(file.get(), *size) != 0) return failed("repair", errno);
  }
  if (!sync_with_folder(file.get(), options_.path)) return failed("sync", errno);
  file_ = std::move(file);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  size_ = *size;
  began_ms_ = size_ == 0 ? 0 : first_line_time(now_ms);
  return {};
}

std::int64_t RotatingFile::first_line_time(std::int64_t now_ms) const {
  constexpr std::string_view kMember = "\"timestamp\":";
  std::array<char, 1024> buffer{};  // a topic's name has at most 249 characters
  const ssize_t size = ::pread(file_.get(), buffer.data(), buffer.size(), 0);
  const std::string_view line(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const auto at = line.find(kMember);
  std::int64_t time = 0;
  if (at != std::string_view::npos) {
    std::from_chars(line.data() + at + kMember.size(), line.data() + line.size(), time);
  }
  struct stat status = {};
  if (time <= 0 && ::fstat(file_.get(), &status) == 0) time = status.st_mtim.tv_sec * std::int64_t{1000};
  return std::clamp<std::int64_t>(time, 1, std::max<std::int64_t>(now_ms, 1));
}

// Whether the path still names the file that is open, as it was left; opens it anew otherwise.
Status RotatingFile::check(std::int64_t now_ms) {
  struct stat status = {};
  if (file_ && ::stat(options_.path.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_ &&
      status.st_size == size_) {
    return {};
  }
  if (file_) spdlog::warn("{} was moved, deleted or changed by somebody else: opening it anew", options_.path);
  return open(now_ms);
}

RotatingFile::Appended RotatingFile::append(const Lines& lines, std::int64_t now_ms) {
  Appended done;
  std::size_t at = 0;
  while (done.lines < lines.ends.size()) {
    rotate_if_due(now_ms);
    if (auto ready = check(now_ms); !ready) return {done.lines, std::move(ready).error()};
    std::size_t last = done.lines + 1;
    while (last < lines.ends.size() &&
           (options_.rotate_bytes == 0 ||
            static_cast<std::uint64_t>(size_) + (lines.ends[last - 1] - at) < options_.rotate_bytes)) {
      ++last;
    }
    const std::size_t end = lines.ends[last - 1];
    if (auto written = write(std::string_view(lines.text).substr(at, end - at)); !written) {
      return {done.lines, std::move(written).error()};
    }
    if (began_ms_ == 0) began_ms_ = now_ms;
    done.lines = last;
    at = end;
  }
  rotate_if_due(now_ms);
  return done;
}

// After an error it is not known what is in the file: it is opened anew for the next lines.
Status RotatingFile::write(std::string_view bytes) {
  std::size_t written = 0;
  int error = 0;
  while (written < bytes.size() && error == 0) {
    const ssize_t n =
        ::pwrite(file_.get(), bytes.data() + written, bytes.size() - written, size_ + static_cast<off_t>(written));
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (n < 0 && errno != EINTR) {
      error = errno;
    }
  }
  struct stat status = {};
  if (error == 0 && (::fdatasync(file_.get()) != 0 || ::fstat(file_.get(), &status) != 0)) error = errno;
  if (error == 0 && status.st_nlink == 0) error = ENOENT;  // was deleted meanwhile
  if (error == 0) {
    size_ += static_cast<off_t>(bytes.size());
    return {};
  }
  if (::ftruncate(file_.get(), size_) != 0) spdlog::warn("{}: cannot be cut: {}", options_.path, std::strerror(errno));
  file_.reset();
  return failed("write", error);
}

std::optional<std::int64_t> RotatingFile::rotation_due_ms() const {
  if (options_.rotate_interval.count() == 0 || began_ms_ == 0) return std::nullopt;
  return std::max(began_ms_ + options_.rotate_interval.count(), not_rotated_until_ms_);
}

bool RotatingFile::due(std::int64_t now_ms) const {
  if (!file_ || size_ == 0 || now_ms < not_rotated_until_ms_) return false;
  const bool full = options_.rotate_bytes != 0 && static_cast<std::uint64_t>(size_) >= options_.rotate_bytes;
  const bool old = options_.rotate_interval.count() != 0 && now_ms - began_ms_ >= options_.rotate_interval.count();
  return full || old;
}

void RotatingFile::rotate_if_due(std::int64_t now_ms) {
  if (!due(now_ms) || !check(now_ms) || !due(now_ms)) return;
  if (const auto rotated = rotate(now_ms); !rotated) {
    spdlog::warn("{}", rotated.error().message);
    not_rotated_until_ms_ = now_ms + kRotateAgainMs;
  }
}

// The file is synced already: each write was.
Status RotatingFile::rotate(std::int64_t now_ms) {
  const auto name = rename(now_ms);
  if (!name) return tl::make_unexpected(name.error());
  spdlog::debug("{}: {} bytes are complete as {}", options_.path, size_, *name);
  began_ms_ = 0;
  return open(now_ms);  // syncs the folder, with both names
}

Result<std::string> RotatingFile::rename(std::int64_t now_ms) const {
  const std::string stem = options_.path + '.' + utc_text(now_ms);
  std::string name = stem;
  for (int i = 1; i < kMostFilesASecond; ++i) {
    if (rename_to_new(options_.path, name)) return name;
    if (errno != EEXIST) break;
    std::array<char, 16> number{};
    const int size = std::snprintf(number.data(), number.size(), "-%03d", i);
    name = stem + std::string(number.data(), static_cast<std::size_t>(size));
  }
  return failed("rotate (rename to " + name + ")", errno);
}

}  // namespace hubferry::deliver

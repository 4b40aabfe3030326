#include "http/watched_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/unique_fd.h"

namespace hubferry::http {
namespace {

constexpr std::size_t kLargest = 1024 * 1024;
// File times move in steps: of the kernel's clock tick (4 ms), on some network file systems of 2 s.
constexpr std::int64_t kTimeStepNs = 2'000'000'000;

std::int64_t wall_clock_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

WatchedFile::Stamp WatchedFile::stamp() const {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return {};
  const std::int64_t modified = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  return {modified, status.st_size, status.st_ino, status.st_dev};
}

bool WatchedFile::changed() const {
  return !settled_ || stamp() != read_;
}

Result<std::string> WatchedFile::read() {
  const auto because = [&](const std::string& reason) {
    return fail(ErrorCode::kNotFound, "cannot read " + path_.string() + ": " + reason);
  };
  read_ = stamp();  // before the reading: what changes during it is seen as a change later
  settled_ = wall_clock_ns() - read_.modified_ns > kTimeStepNs;
  // O_NONBLOCK: a pipe without a writer must not hold the caller.
  const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return because(std::strerror(errno));
  std::string text;
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t count = ::read(file.get(), bytes.data(), bytes.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return because(std::strerror(errno));
    text.append(bytes.data(), static_cast<std::size_t>(count));
    if (text.size() > kLargest) return because("it is larger than 1 MiB");
  }
}

}  // namespace hubferry::http

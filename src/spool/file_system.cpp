#include "spool/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/unique_fd.h"

namespace hubferry::spool {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> io_error(const char* action, const fs::path& path, int error) {
  const std::string message =
      std::string("cannot ") + action + " " + path.string() + ": " + std::system_category().message(error);
  if (error == ENOSPC || error == EDQUOT) return fail(ErrorCode::kFull, message, Disposition::kRetry);
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, message);
}

// Calls again as long as a signal interrupts.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class RealFile : public File {
 public:
  RealFile(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status write_at(std::uint64_t offset, std::span<const char> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          uninterrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (written <= 0) return io_error("write", path_, written == 0 ? EIO : errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> bytes) override {
    std::size_t total = 0;
    while (total < bytes.size()) {
      const ssize_t got = uninterrupted([&] {
        return ::pread(fd_.get(), bytes.data() + total, bytes.size() - total, static_cast<off_t>(offset + total));
      });
      if (got < 0) return io_error("read", path_, errno);
      if (got == 0) break;
      total += static_cast<std::size_t>(got);
    }
    return total;
  }

  Status sync_data() override {
    if (uninterrupted([&] { return ::fdatasync(fd_.get()); }) != 0) return io_error("sync", path_, errno);
    return {};
  }

  Status allocate(std::uint64_t size) override {
    int error = EINTR;
    while (error == EINTR) error = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (error != 0) return io_error("allocate space for", path_, error);
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return io_error("truncate", path_, errno);
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat information = {};
    if (::fstat(fd_.get(), &information) != 0) return io_error("examine", path_, errno);
    return static_cast<std::uint64_t>(information.st_size);
  }

  int descriptor() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  fs::path path_;
};

Result<std::unique_ptr<RealFile>> open_file(const fs::path& path, bool create) {
  const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0);
  UniqueFd fd(uninterrupted([&] { return ::open(path.c_str(), flags, 0640); }));
  if (!fd) return io_error("open", path, errno);
  return std::make_unique<RealFile>(std::move(fd), path);
}

class RealFileSystem : public FileSystem {
 public:
  Status create_directories(const fs::path& path) override {
    std::error_code error;
    if (fs::is_directory(path, error)) return {};
    const fs::path parent = path.parent_path();
    if (!parent.empty() && parent != path) {
      if (auto status = create_directories(parent); !status) return status;
    }
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return io_error("create directory", path, errno);
    return sync_directory(parent.empty() ? fs::path(".") : parent);
  }

  Result<std::vector<std::string>> list(const fs::path& directory) override {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return io_error("list", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::unique_ptr<File>> open(const fs::path& path, bool create) override {
    auto file = open_file(path, create);
    if (!file) return tl::make_unexpected(file.error());
    return std::move(*file);
  }

  Status rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return io_error("rename", from, errno);
    return {};
  }

  Status remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0) return io_error("remove", path, errno);
    return {};
  }

  Status sync_directory(const fs::path& path) override {
    UniqueFd fd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd) return io_error("open directory", path, errno);
    if (uninterrupted([&] { return ::fsync(fd.get()); }) != 0) return io_error("sync directory", path, errno);
    return {};
  }

  Result<std::unique_ptr<File>> lock(const fs::path& path) override {
    auto file = open_file(path, true);
    if (!file) return tl::make_unexpected(file.error());
    if (uninterrupted([&] { return ::flock((*file)->descriptor(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) return io_error("lock", path, errno);
      return fail(ErrorCode::kConflict, path.string() + " is locked by another process; stop the other hubferryd",
                  Disposition::kFatal);
    }
    return std::move(*file);
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem file_system;
  return file_system;
}

}  // namespace hubferry::spool

#include "spool/read_only.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/unique_fd.h"

namespace hubferry::spool {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(const char* action, const fs::path& path, int error) {
  std::string message =
      std::string("cannot ") + action + " " + path.string() + ": " + std::system_category().message(error);
  if (error == EACCES || error == EPERM) message += "; run this as the daemon's user or as root";
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, std::move(message));
}

tl::unexpected<Error> refused(const fs::path& path) {
  return fail(ErrorCode::kInvalid, path.string() + " was opened for reading only");
}

class ReadOnlyFile : public File {
 public:
  ReadOnlyFile(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status write_at(std::uint64_t, std::span<const char>) override { return refused(path_); }
  Status sync_data() override { return refused(path_); }
  Status allocate(std::uint64_t) override { return refused(path_); }
  Status truncate(std::uint64_t) override { return refused(path_); }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> bytes) override {
    std::size_t total = 0;
    while (total < bytes.size()) {
      const ssize_t got =
          ::pread(fd_.get(), bytes.data() + total, bytes.size() - total, static_cast<off_t>(offset + total));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", path_, errno);
      if (got == 0) break;
      total += static_cast<std::size_t>(got);
    }
    return total;
  }

  Result<std::uint64_t> size() override {
    struct stat information = {};
    if (::fstat(fd_.get(), &information) != 0) return failed("examine", path_, errno);
    return static_cast<std::uint64_t>(information.st_size);
  }

 private:
  UniqueFd fd_;
  fs::path path_;
};

class ReadOnlyFileSystem : public FileSystem {
 public:
  Result<std::vector<std::string>> list(const fs::path& directory) override {
    auto names = real_file_system().list(directory);
    if (!names && names.error().code == ErrorCode::kIo) {
      names.error().message += "; run this as the daemon's user or as root";
    }
    return names;
  }

  Result<std::unique_ptr<File>> open(const fs::path& path, bool create) override {
    if (create) return refused(path);
    int fd = -1;
    do {
      fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO of that name would block for ever
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return failed("open", path, errno);
    return std::make_unique<ReadOnlyFile>(UniqueFd(fd), path);
  }

  Status create_directories(const fs::path& path) override { return refused(path); }
  Status rename(const fs::path& from, const fs::path&) override { return refused(from); }
  Status remove(const fs::path& path) override { return refused(path); }
  Status sync_directory(const fs::path& path) override { return refused(path); }
  Result<std::unique_ptr<File>> lock(const fs::path& path) override { return refused(path); }
};

// Null `inner`: a file that would have been made.
class DryRunFile : public File {
 public:
  explicit DryRunFile(std::unique_ptr<File> inner) : inner_(std::move(inner)) {}

  Status write_at(std::uint64_t, std::span<const char>) override { return {}; }
  Status sync_data() override { return {}; }
  Status allocate(std::uint64_t) override { return {}; }
  Status truncate(std::uint64_t) override { return {}; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> bytes) override {
    if (!inner_) return std::size_t{0};
    return inner_->read_at(offset, bytes);
  }
  Result<std::uint64_t> size() override {
    if (!inner_) return std::uint64_t{0};
    return inner_->size();
  }

 private:
  std::unique_ptr<File> inner_;
};

}  // namespace

FileSystem& read_only_file_system() {
  static ReadOnlyFileSystem file_system;
  return file_system;
}

Status DryRunFileSystem::create_directories(const fs::path&) {
  return {};
}

Result<std::vector<std::string>> DryRunFileSystem::list(const fs::path& directory) {
  return inner_.list(directory);
}

Result<std::unique_ptr<File>> DryRunFileSystem::open(const fs::path& path, bool create) {
  auto file = inner_.open(path, false);
  if (file) return std::make_unique<DryRunFile>(std::move(*file));
  if (create && file.error().code == ErrorCode::kNotFound) return std::make_unique<DryRunFile>(nullptr);
  return file;
}

Status DryRunFileSystem::rename(const fs::path&, const fs::path&) {
  return {};
}

Status DryRunFileSystem::remove(const fs::path&) {
  return {};
}

Status DryRunFileSystem::sync_directory(const fs::path&) {
  return {};
}

Result<std::unique_ptr<File>> DryRunFileSystem::lock(const fs::path& path) {
  const auto known = inner_.open(path, false);
  if (!known && known.error().code == ErrorCode::kNotFound) return std::make_unique<DryRunFile>(nullptr);
  return inner_.lock(path);
}

}  // namespace hubferry::spool

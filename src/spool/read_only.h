#pragma once
#include "spool/file_system.h"

namespace hubferry::spool {

// The operating system's files for reading only, for tools that look at a directory which a daemon may be using: files
// are opened without the right to write, and everything that would change or lock something fails with kInvalid.
// Thread-safe, lives as long as the process.
FileSystem& read_only_file_system();

// Reads what `inner` has and drops every change: shows what a program would do. A file that would be made is empty. A
// lock is taken if its file exists. Not thread-safe beyond what `inner` is, which must outlive it.
class DryRunFileSystem : public FileSystem {
 public:
  explicit DryRunFileSystem(FileSystem& inner) : inner_(inner) {}

  Status create_directories(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, bool create) override;
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status remove(const std::filesystem::path& path) override;
  Status sync_directory(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> lock(const std::filesystem::path& path) override;

 private:
  FileSystem& inner_;
};

}  // namespace hubferry::spool

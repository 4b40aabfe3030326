#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace hubferry::spool {

// The few operations on files that the spool needs, so that tests can use a disk that fails, tears writes and forgets
// what was not synced. Errors carry the path and the reason. Not thread-safe per file; different files are independent.
class File {
 public:
  virtual ~File() = default;
  virtual Status write_at(std::uint64_t offset, std::span<const char> bytes) = 0;        // all of it, or an error
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> bytes) = 0;  // less only at the end
  virtual Status sync_data() = 0;                                                        // fdatasync
  virtual Status allocate(std::uint64_t size) = 0;                                       // reserves and extends
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Status create_directories(const std::filesystem::path& path) = 0;  // also syncs the new entries
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& directory) = 0;  // names, sorted
  virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, bool create) = 0;
  virtual Status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status remove(const std::filesystem::path& path) = 0;
  virtual Status sync_directory(const std::filesystem::path& path) = 0;
  // An exclusive advisory lock, held as long as the returned object lives. kConflict: somebody else holds it.
  virtual Result<std::unique_ptr<File>> lock(const std::filesystem::path& path) = 0;
};

// The operating system's. Thread-safe, lives as long as the process.
FileSystem& real_file_system();

}  // namespace hubferry::spool

#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace hubferry::http {

// A small file that an operator may rewrite or replace while the daemon runs.
class WatchedFile {
 public:
  explicit WatchedFile(std::filesystem::path path) : path_(std::move(path)) {}

  // The whole text, at most 1 MiB. The error is "cannot read PATH: REASON".
  Result<std::string> read();

  // Whether read() may give something else than the last time: modification time, size, inode or device differ, or the
  // file had been written so shortly before the reading that a further change would not show in its time.
  bool changed() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  struct Stamp {
    std::int64_t modified_ns = -1;  // -1: there is no such file
    off_t size = 0;
    ino_t inode = 0;
    dev_t device = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;

  std::filesystem::path path_;
  Stamp read_;
  bool settled_ = false;
};

}  // namespace hubferry::http

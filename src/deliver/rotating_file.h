#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace hubferry::deliver {

// Whole lines, each with its line feed.
struct Lines {
  std::string text;
  std::vector<std::size_t> ends;  // of each line in `text`

  void add(std::string_view line) {
    text += line;
    ends.push_back(text.size());
  }
};

// A file of NDJSON lines that only this process writes, by a lock. A full or old file is synced, renamed to
// PATH.YYYYMMDDTHHMMSSZ (the time of rotation, UTC; with -001, -002 and so on behind it when that name is taken, so
// that names sort as the files were written), and a new one is begun; both names are on disk before the next line is.
//
// Age counts from a file's first line. After a restart it counts from the "timestamp" of that line, which is an event's
// and so never later than it was written: a file is never open for longer than the interval, but may be closed early.
//
// Before each write the path is looked at: a file that somebody else moved, deleted or cut is left alone and a new one
// is opened, so a log rotation from outside is fine. One thread. Times are milliseconds since the Unix epoch.
class RotatingFile {
 public:
  struct Options {
    std::string path;
    std::uint64_t rotate_bytes = 0;   // 0: never; at most the line that reaches it is over it
    Milliseconds rotate_interval{0};  // 0: never
  };

  explicit RotatingFile(Options options) : options_(std::move(options)) {}

  // Goes on with the file that is there, without an unfinished last line; creates it otherwise. append() does the same
  // when needed, so this is for finding mistakes at start: kInvalid and kConflict do not pass by themselves.
  Status open(std::int64_t now_ms);

  struct Appended {
    std::size_t lines = 0;       // are on disk
    std::optional<Error> error;  // why not all; nothing of the others is in the file
  };
  Appended append(const Lines& lines, std::int64_t now_ms);

  // When the file that is open will be old enough; none: not by itself.
  std::optional<std::int64_t> rotation_due_ms() const;
  // Rotates if the file is full or old. A failure is logged, and tried again some seconds later: lines then still go
  // to the old file.
  void rotate_if_due(std::int64_t now_ms);

 private:
  Status check(std::int64_t now_ms);
  Status use(UniqueFd file, std::int64_t now_ms);
  Status write(std::string_view bytes);
  bool due(std::int64_t now_ms) const;
  Status rotate(std::int64_t now_ms);
  Result<std::string> rename(std::int64_t now_ms) const;
  std::int64_t first_line_time(std::int64_t now_ms) const;
  tl::unexpected<Error> failed(const std::string& what, int error) const;

  Options options_;
  UniqueFd file_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  off_t size_ = 0;             // of complete, synced lines
  std::int64_t began_ms_ = 0;  // when the first line was written; 0: there is none
  std::int64_t not_rotated_until_ms_ = 0;
};

}  // namespace hubferry::deliver

#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "spool/file_system.h"

namespace hubferry::produce {

// An event that the brokers, or the client, refuse for good.
struct RefusedEvent {
  std::uint64_t source = 0;
  std::uint64_t sequence = 0;
  std::string_view topic;
  std::string_view frame;  // as the spool holds it
  std::string_view reason;
  std::int64_t time_ms = 0;  // when it was refused
};

// One JSON object without line end: time, topic, source (16 hex digits), sequence, reason, partition if one was named,
// key or key_base64, headers with value or value_base64, value_base64. A frame that cannot be decoded is given as
// frame_base64.
std::string refused_line(const RefusedEvent& refused);

// The file they are kept in for a person to look at, one line each. One thread.
class RefusedFile {
 public:
  RefusedFile(spool::FileSystem& files, std::filesystem::path directory)
      : files_(files), directory_(std::move(directory)), path_(directory_ / kName) {}

  // On disk when it returns. After an error it may be called again with the same line.
  Status add(std::string_view line);
  const std::filesystem::path& path() const { return path_; }

 private:
  static constexpr const char* kName = "refused.ndjson";

  Status open();
  Status write(std::string_view line);

  spool::FileSystem& files_;
  const std::filesystem::path directory_;
  const std::filesystem::path path_;
  std::unique_ptr<spool::File> file_;
  std::uint64_t size_ = 0;
};

}  // namespace hubferry::produce

#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/watched_file.h"

namespace hubferry::http {

// The token that a client shows, from a file that may be replaced while the daemon runs. A file that cannot be used
// keeps the token that was there before and is logged once. One thread.
class BearerTokenFile {
 public:
  // The error names the file and what is wrong with it, never the token.
  static Result<std::unique_ptr<BearerTokenFile>> open(const std::filesystem::path& path, Instant now);

  // "Authorization: Bearer TOKEN" with CRLF. Looks at the file at most once a second.
  const std::string& header_line(Instant now);

 private:
  explicit BearerTokenFile(const std::filesystem::path& path) : file_(path) {}
  Status read();
  void reload();

  WatchedFile file_;
  std::string line_;
  Instant next_look_;
  std::string last_problem_;  // as it was logged
};

}  // namespace hubferry::http

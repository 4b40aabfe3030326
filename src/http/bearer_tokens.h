#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/watched_file.h"

namespace hubferry::http {

// The tokens in a file's text, one a line, at least one; empty lines and lines that start with # are skipped. The error
// names the file and the line, never a token.
Result<std::vector<std::string>> tokens_in(std::string_view text, const std::filesystem::path& path);

// The tokens of a file, one a line, each is good (RFC 6750). Empty lines and lines that start with # are skipped. The
// file is looked at again while requests come; one that cannot be used keeps the tokens that were good before and is
// logged once. One thread.
class BearerTokens {
 public:
  enum class Verdict { kGood, kMissing, kWrong };

  // The error names the file and what is wrong with it, never a token.
  static Result<std::unique_ptr<BearerTokens>> open(const std::filesystem::path& path, Instant now);

  // `authorization` is the header's value, empty without one. The time it takes does not depend on how much of a token
  // was guessed right, only on its length. Looks at the file at most once a second.
  Verdict check(std::string_view authorization, Instant now);

  // Reads the file again, changed or not.
  void reload();

 private:
  explicit BearerTokens(const std::filesystem::path& path) : file_(path) {}
  Status read();

  WatchedFile file_;
  std::vector<std::string> tokens_;
  Instant next_look_;
  std::string last_problem_;  // as it was logged
};

}  // namespace hubferry::http

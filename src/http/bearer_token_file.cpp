#include "http/bearer_token_file.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "http/bearer_tokens.h"

namespace hubferry::http {
namespace {

constexpr Milliseconds kLookPeriod{1'000};

}  // namespace

Result<std::unique_ptr<BearerTokenFile>> BearerTokenFile::open(const std::filesystem::path& path, Instant now) {
  std::unique_ptr<BearerTokenFile> token(new BearerTokenFile(path));
  if (auto read = token->read(); !read) return tl::make_unexpected(std::move(read.error()));
  token->next_look_ = now + kLookPeriod;
  return token;
}

Status BearerTokenFile::read() {
  const auto text = file_.read();
  if (!text) return tl::make_unexpected(text.error());
  const auto tokens = tokens_in(*text, file_.path());
  if (!tokens) return tl::make_unexpected(tokens.error());
  if (tokens->size() > 1) {
    return fail(ErrorCode::kInvalid, file_.path().string() + " holds " + std::to_string(tokens->size()) +
                                         " tokens; leave the one that is to be shown");
  }
  line_ = "Authorization: Bearer " + tokens->front() + "\r\n";
  return {};
}

void BearerTokenFile::reload() {
  const std::string known = line_;
  if (const auto done = read(); !done) {
    if (std::exchange(last_problem_, done.error().message) != last_problem_) {
      spdlog::error("{}; the token read before stays in use", last_problem_);
    }
    return;
  }
  const bool mended = !std::exchange(last_problem_, {}).empty();
  if (mended || line_ != known) spdlog::info("{}: the token was read again", file_.path().string());
}

const std::string& BearerTokenFile::header_line(Instant now) {
  if (now >= next_look_) {
    next_look_ = now + kLookPeriod;
    if (file_.changed()) reload();
  }
  return line_;
}

}  // namespace hubferry::http

#include "http/bearer_tokens.h"

#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hubferry::http {
namespace {

constexpr Milliseconds kLookPeriod{1'000};
constexpr std::string_view kScheme = "bearer";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Whether a header can carry it as one word.
bool is_token(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// The word behind "Bearer"; empty: there is none, or the scheme is another.
std::string_view token_of(std::string_view authorization) {
  const std::string_view scheme = authorization.substr(0, kScheme.size());
  const bool bearer = std::equal(scheme.begin(), scheme.end(), kScheme.begin(), kScheme.end(),
                                 [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  if (!bearer || authorization.size() == kScheme.size() || !is_blank(authorization[kScheme.size()])) return {};
  return trimmed(authorization.substr(kScheme.size()));
}

}  // namespace

Result<std::unique_ptr<BearerTokens>> BearerTokens::open(const std::filesystem::path& path, Instant now) {
  std::unique_ptr<BearerTokens> tokens(new BearerTokens(path));
  if (auto read = tokens->read(); !read) return tl::make_unexpected(std::move(read.error()));
  tokens->next_look_ = now + kLookPeriod;
  return tokens;
}

Result<std::vector<std::string>> tokens_in(std::string_view text, const std::filesystem::path& path) {
  std::vector<std::string> tokens;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view token = trimmed(line);
    if (token.empty() || token.front() == '#') continue;
    if (!is_token(token)) {
      return fail(ErrorCode::kInvalid, path.string() + ":" + std::to_string(number) +
                                           ": a token is one word of printable ASCII characters, one a line");
    }
    tokens.emplace_back(token);
  }
  if (!tokens.empty()) return tokens;
  return fail(ErrorCode::kInvalid, path.string() +
                                       " holds no token; put one a line into it, such as the output of: openssl rand "
                                       "-hex 32");
}

Status BearerTokens::read() {
  const auto text = file_.read();
  if (!text) return tl::make_unexpected(text.error());
  auto tokens = tokens_in(*text, file_.path());
  if (!tokens) return tl::make_unexpected(std::move(tokens.error()));
  tokens_ = std::move(*tokens);
  return {};
}

void BearerTokens::reload() {
  const auto known = tokens_;
  if (const auto done = read(); !done) {
    if (std::exchange(last_problem_, done.error().message) != last_problem_) {
      spdlog::error("{}; the tokens read before stay good", last_problem_);
    }
    return;
  }
  const bool mended = !std::exchange(last_problem_, {}).empty();
  if (mended || tokens_ != known) spdlog::info("{}: {} tokens are good now", file_.path().string(), tokens_.size());
}

BearerTokens::Verdict BearerTokens::check(std::string_view authorization, Instant now) {
  const std::string_view given = token_of(authorization);
  if (given.empty()) return Verdict::kMissing;
  if (now >= next_look_) {
    next_look_ = now + kLookPeriod;
    if (file_.changed()) reload();
  }
  bool good = false;
  for (const std::string& token : tokens_) {
    if (token.size() != given.size()) continue;
    good |= CRYPTO_memcmp(token.data(), given.data(), token.size()) == 0;
  }
  return good ? Verdict::kGood : Verdict::kWrong;
}

}  // namespace hubferry::http

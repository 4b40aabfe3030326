#include "transfer/url.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

#include "transfer/handles.h"

namespace hubferry::transfer {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool all(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return is_alphanumeric(c) || also.find(c) != kNone; });
}

// host[:port]; anything else may be a part of a password.
bool is_host_port(std::string_view text) {
  const auto behind_host = text.starts_with('[') ? text.find(']') : 0;
  if (behind_host == kNone) return false;
  const auto colon = text.find(':', behind_host);
  const std::string_view port = colon == kNone ? "0" : text.substr(colon + 1);
  return all(text.substr(0, colon), "-._~%[]:") && port.find_first_not_of("0123456789") == kNone;
}

// An URL in its parts.
class Parts {
 public:
  explicit Parts(const std::string& text) : url_(curl_url()) {
    problem_ = curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), 0);
  }

  std::optional<std::string> problem() const {
    if (problem_ == CURLUE_OK) return std::nullopt;
    return curl_url_strerror(problem_);
  }
  // Empty: there is none.
  std::string get(CURLUPart part) const {
    char* text = nullptr;
    if (curl_url_get(url_.get(), part, &text, 0) != CURLUE_OK) return {};
    return TextPtr(text).get();
  }

 private:
  UrlPtr url_;
  CURLUcode problem_;
};

}  // namespace

std::string show_url(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == kNone || colon == 0 || !all(url.substr(0, colon), "+-.")) return "(no URL with scheme://)";
  std::string shown(url.substr(0, colon + 3));
  url.remove_prefix(colon + 3);
  std::string_view authority = url.substr(0, url.find_first_of("/?#\\"));
  std::string_view path = url.substr(authority.size());
  const bool at_behind = path.find('@') != kNone;
  path = path.substr(0, path.find_first_of("?#;\\"));
  if (const auto at = authority.rfind('@'); at != kNone) {
    authority.remove_prefix(at + 1);
  } else if (at_behind && (authority.find(':') != kNone || path.find('@') != kNone)) {
    return shown + "...";  // what looks like the host may be a password with a slash in it
  }
  if (!is_host_port(authority)) return shown + "...";
  shown += authority;
  const auto second = path.find('/', 1);
  for (const char c : path.substr(0, second)) shown += c > ' ' && c < '\x7f' ? c : '?';
  if (second != kNone) shown += path.size() > second + 1 ? "/..." : "/";
  return shown;
}

Status check_post_url(const std::string& url) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("URL {}: {}; the expected form is https://host[:port]/path", show_url(url), why));
  };
  const Parts parts(url);
  if (const auto problem = parts.problem()) return wrong(*problem);
  const std::string scheme = parts.get(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return wrong("the scheme is neither http nor https");
  return {};
}

Status check_mail_server(const std::string& url) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("mail server {}: {}; the expected form is smtp://host[:port] or smtps://host[:port]",
                            show_url(url), why));
  };
  const Parts parts(url);
  if (const auto problem = parts.problem()) return wrong(*problem);
  const std::string scheme = parts.get(CURLUPART_SCHEME);
  if (scheme != "smtp" && scheme != "smtps") return wrong("the scheme is neither smtp nor smtps");
  if (!parts.get(CURLUPART_USER).empty() || !parts.get(CURLUPART_PASSWORD).empty()) {
    return wrong("user and password do not belong here");
  }
  const std::string path = parts.get(CURLUPART_PATH);
  if (path.size() > 1 || !parts.get(CURLUPART_QUERY).empty() || !parts.get(CURLUPART_FRAGMENT).empty()) {
    return wrong("only a port may follow the host");
  }
  return {};
}

}  // namespace hubferry::transfer

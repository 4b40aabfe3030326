#include "console/requests.h"

#include <algorithm>
#include <cctype>

namespace hubferry::console {
namespace {

constexpr std::size_t kMostTokenBytes = 128;

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

bool is_from_another_site(const http::Request& request) {
  const auto site = request.header("Sec-Fetch-Site");
  return site && *site != "same-origin" && *site != "none";
}

bool wants_page(const http::Request& request) {
  return request.header("Accept").value_or("").find("text/html") != std::string_view::npos;
}

bool is_form(const http::Request& request) {
  std::string_view type = request.header("Content-Type").value_or("");
  type = type.substr(0, type.find_first_of("; \t"));
  return same_letters(type, "application/x-www-form-urlencoded");
}

bool is_token(std::string_view text) {
  constexpr std::string_view kAllowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
  return !text.empty() && text.size() <= kMostTokenBytes && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace hubferry::console

#include "http/router.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "http/url.h"

namespace hubferry::http {
namespace {

// Cuts the first segment, with its leading slash, off `path` and returns it without the slash.
std::string_view cut_segment(std::string_view& path) {
  const std::string_view segment = path.substr(1, path.find('/', 1) - 1);
  path.remove_prefix(std::min(path.size(), segment.size() + 1));
  return segment;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

using Raw = boost::container::small_vector<std::pair<std::string_view, std::string_view>, 4>;

// Whether `path` has the pattern's shape; collects what stands for its parameters, still encoded.
bool fits(std::string_view pattern, std::string_view path, Raw& raw) {
  raw.clear();
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = cut_segment(pattern);
    const std::string_view segment = cut_segment(path);
    if (!is_parameter(wanted)) {
      if (wanted != segment) return false;
    } else {
      if (segment.empty()) return false;
      raw.emplace_back(wanted.substr(1, wanted.size() - 2), segment);
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler, Access access) {
  auto known = std::find_if(patterns_.begin(), patterns_.end(), [&](const Pattern& p) { return p.text == pattern; });
  if (known == patterns_.end()) known = patterns_.insert(known, Pattern{std::move(pattern), {}});
  known->methods.push_back({std::move(method), std::move(handler), access});
}

Router::Match Router::match(std::string_view method, std::string_view path, Parameters& parameters) const {
  parameters.clear();
  Raw raw;
  for (const Pattern& pattern : patterns_) {
    if (!fits(pattern.text, path, raw)) continue;
    for (const auto& [name, value] : raw) {
      auto decoded = percent_decode(value);
      if (!decoded) return {Outcome::kBadEscape, nullptr, Access::kProtected, {}};
      parameters.emplace_back(name, std::move(*decoded));
    }
    Match match{Outcome::kNoMethod, nullptr, Access::kProtected, {}};
    for (const auto& [known, handler, access] : pattern.methods) {
      if (known == method || (method == "HEAD" && known == "GET")) return {Outcome::kFound, &handler, access, {}};
      match.allow += (match.allow.empty() ? "" : ", ") + known + (known == "GET" ? ", HEAD" : "");
    }
    return match;
  }
  return {};
}

}  // namespace hubferry::http

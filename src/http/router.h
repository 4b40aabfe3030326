#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server.h"

namespace hubferry::http {

// Finds the handler for a method and a path. Patterns are tried in the order they were added. Filled before the server
// starts, then only read.
class Router {
 public:
  using Parameters = std::vector<std::pair<std::string_view, std::string>>;  // names live in the router

  enum class Outcome { kFound, kNoPath, kNoMethod, kBadEscape };
  struct Match {
    Outcome outcome = Outcome::kNoPath;
    const Handler* handler = nullptr;  // kFound
    Access access = Access::kProtected;
    std::string allow;  // kNoMethod: the methods of the path, as the Allow header lists them
  };

  void add(std::string method, std::string pattern, Handler handler, Access access = Access::kProtected);

  // `path` without the query, not decoded. Fills `parameters` when found. GET answers HEAD too.
  Match match(std::string_view method, std::string_view path, Parameters& parameters) const;

 private:
  struct Method {
    std::string name;
    Handler handler;
    Access access = Access::kProtected;
  };
  struct Pattern {
    std::string text;
    std::vector<Method> methods;
  };

  std::vector<Pattern> patterns_;
};

}  // namespace hubferry::http

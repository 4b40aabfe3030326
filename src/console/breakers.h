#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"

namespace hubferry::console {

// One route's circuit breaker, as people see it.
struct BreakerRow {
  std::string route;
  std::string scope;  // "all instances" or "this instance"
  std::string state;  // "closed", "open", "half-open"
  std::uint64_t generation = 0;
  std::int64_t since_ms = 0;                                  // of this state, Unix epoch; 0: since the beginning
  std::string reason;                                         // of the opening
  std::vector<std::pair<std::string, std::uint64_t>> errors;  // what the handler answered, and how often
  std::uint64_t failures = 0;                                 // final ones within the window
  std::uint64_t threshold = 0;                                // it opens on more than these
  std::int64_t window_ms = 0;
  std::int64_t lag = -1;  // events that waited when it opened; -1: not known
  std::size_t alive = 0;  // instances
  bool notified = false;
  std::string trouble;  // why this may not be true now; empty: it is
};

// The breakers, as the daemon has them. The functions are called on the server's thread, must not block and must stay
// callable as long as the server runs.
struct BreakerDesk {
  enum class Verb { kOpen, kClose, kProbe };
  // Why it was not done, a sentence without a full stop; nothing: it was done.
  using Done = std::function<void(std::optional<std::string> trouble)>;

  std::function<std::vector<BreakerRow>()> rows;
  // `by`: who asks, for the log and for the others; `reason`: of kOpen, may be empty. Both are one line of valid UTF-8.
  // `done` comes once, from any thread.
  std::function<void(Verb verb, const std::string& route, const std::string& by, const std::string& reason, Done done)>
      command;
  // Why the link's token would not resume the route now; nothing: it would.
  std::function<std::optional<std::string>(const std::string& route, const std::string& token)> link_trouble;
  std::function<void(const std::string& route, const std::string& token, Done done)> resume_by_link;
};

// Before the server starts:
//   GET  /v1/breakers                        200 {"breakers":[{"route":"billing","state":"open",...}]}
//   POST /v1/breakers/{route}/open|close|probe   200 {"route":"billing","done":true}; 404: no breaker of this name;
//        409: it does not fit the state, the log cannot take it, ...; a browser (Accept: text/html) gets a page.
//        {"reason":"...","by":"..."}, at most 1 KiB and both optional, may be the body, or reason=... as a form
//   GET  /breaker/{route}/resume?token=T     a page that asks; changes nothing, whoever follows the link
//   POST /breaker/{route}/resume             token=T as a form: resumes; a page says so, or why not (403)
// The last two are open to everybody: the token is the key. The others want the server's token if it has one, and are
// refused (403) to pages of other sites. What the link's token does not open tells nothing of the breaker, and does not
// reach the desk's functions that change something.
void add_breakers(http::Server& server, BreakerDesk desk);

}  // namespace hubferry::console

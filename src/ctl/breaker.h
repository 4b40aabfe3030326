#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/client.h"

namespace hubferry::ctl {

// One breaker, as a daemon tells of it.
struct BreakerState {
  std::string route;
  std::string state;  // "closed", "open", "half-open"
  std::string scope;  // "all instances" or "this instance"
  std::string since;
  std::string reason;
  std::string trouble;  // why this may not be true now
  std::int64_t failures = -1;
  std::int64_t threshold = -1;
  std::int64_t window_ms = -1;
  std::int64_t lag = -1;  // -1: not known
  std::int64_t instances = -1;
  boost::json::object object;  // all that was told

  bool shared() const { return scope == "all instances"; }
};

// What the daemon's answer to GET /v1/breakers lists.
Result<std::vector<BreakerState>> breaker_states(const std::string& url, const http::ClientResponse& response);

// What the daemon's answer to POST /v1/breakers/ROUTE/VERB means: "open", "close" or "probe". OK: what to tell, one
// line.
Result<std::string> breaker_answer(const std::string& url, const std::string& verb, const BreakerState& asked,
                                   const http::ClientResponse& response);

}  // namespace hubferry::ctl

#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deliver/handler.h"
#include "http/client.h"

namespace hubferry::deliver {

// What the answer to a request says about its event, or about all its events when they are not answered one by one:
//   2xx                                         done
//   429, 503, no connection                     unavailable
//   401, 403, 404, 405, 407, 411, 414, 421, 426 unavailable: they say that the handler's URL, token or certificate is
//                                               wrong, not the event; 415 also for batches, whose type is the route's
//   other 4xx but 408 and 425                   rejected
//   everything else                             failed: 5xx, 408, 425, 3xx (redirects are not followed), no answer in
//                                               time, a connection that breaks, no HTTP
// Retry-After (seconds, or an HTTP date) is honoured when the event is not done, up to an hour. `now_ms`: wall clock.
Outcome judge(const Result<http::ClientResponse>& response, bool batch, std::int64_t now_ms);

// The same for the `count` events of a batch. A 2xx answer without body, or with one that is not about single events
// (no JSON, or JSON of another form), is for all of them. Otherwise the body has one result for each event, in order:
//   {"results":[{"status":200},{"status":500,"reason":"...","retry_after":5},201]}   or   [200,500,201]
// `status` is judged as above, but 401 to 426 are about the event here: rejected. A body that is about single events
// and cannot be used (cut, not `count` results, no status) fails them all, and so does 207 without results.
class BatchJudge {
 public:
  BatchJudge();
  ~BatchJudge();
  std::vector<Outcome> judge(const Result<http::ClientResponse>& response, std::size_t count, std::int64_t now_ms);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

// Milliseconds from now, 0 to an hour; 0 also for a text that is neither seconds nor an IMF-fixdate (RFC 9110, 5.6.7).
Milliseconds retry_after(std::string_view text, std::int64_t now_ms);

// The beginning of a text that somebody else wrote as one line of UTF-8, at most 200 bytes.
std::string excerpt(std::string_view text);

}  // namespace hubferry::deliver

#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "event/event.h"

namespace hubferry::deliver {

enum class Verdict {
  kDone,         // the event is finished
  kFailed,       // the handler tried and failed: an attempt is spent
  kUnavailable,  // the handler did not try (unreachable, 429, 503): no attempt is spent
};

struct Outcome {
  Verdict verdict = Verdict::kFailed;
  std::string reason;           // for the log, when not done
  Milliseconds retry_after{0};  // the handler's wish; 0: none
};

// Where events of a consume route go. deliver() may be called from one thread; `done` is called exactly once, on a
// thread of the handler, and must not block. The handler keeps the record alive until then. The destructor ends what is
// under way and calls what is still open with kUnavailable.
class Handler {
 public:
  using Done = std::function<void(Outcome)>;
  virtual ~Handler() = default;
  // `attempt` counts from 1.
  virtual void deliver(std::shared_ptr<const event::Record> record, std::uint32_t attempt, Done done) = 0;
};

// The handler that a route names: HTTP POST or a file. Errors say what to mend.
Result<std::unique_ptr<Handler>> make_handler(const config::ConsumeRoute& route);

}  // namespace hubferry::deliver

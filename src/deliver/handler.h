#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "event/event.h"

namespace hubferry::deliver {

// Names one delivery. The epoch is that of the assignment: an answer for work of an old assignment changes nothing.
struct WorkId {
  std::int32_t partition = 0;
  std::uint64_t epoch = 0;
  std::int64_t offset = 0;
  std::uint32_t slot = 0;  // the asker's own

  bool operator==(const WorkId&) const = default;
};

struct Delivery {
  WorkId id;
  std::uint32_t attempt = 1;  // counts from 1
  bool last_attempt = false;  // a failure is final
  std::shared_ptr<const event::Record> record;
};

enum class Verdict {
  kDone,         // the event is finished
  kFailed,       // the handler tried and failed: an attempt is spent
  kRejected,     // the handler will never take it (4xx): no further attempt makes sense
  kUnavailable,  // the handler did not try (unreachable, 429, 503): no attempt is spent
};

struct Outcome {
  Verdict verdict = Verdict::kFailed;
  std::string reason;           // for the log and the dead letter, when not done; at most some hundred characters
  Milliseconds retry_after{0};  // the handler's wish; 0: none
};

// Who asked for the deliveries.
class Answers {
 public:
  virtual ~Answers() = default;
  // Exactly once for each delivery, on any thread; does not block.
  virtual void answered(const WorkId& id, Outcome outcome) = 0;
  // The same for several that are done; cheaper than one by one.
  virtual void all_done(std::span<const WorkId> ids) {
    for (const WorkId& id : ids) answered(id, {Verdict::kDone, {}, {}});
  }
};

// How many events a handler takes at once.
struct BatchLimits {
  std::uint32_t max_events = 1;
  std::uint64_t max_bytes = UINT64_MAX;  // keys, values and headers; a larger event comes alone
  Milliseconds wait{0};                  // how long a batch may wait to fill
};

// Where events of a consume route go.
class Handler {
 public:
  // Ends what is under way and answers what is still open with kUnavailable.
  virtual ~Handler() = default;

  virtual BatchLimits limits() const { return {}; }

  // One thread. At least one event and at most limits().max_events. Events of one key (or partition, as the route's
  // order says) are in order; the handler takes them in this order. Each is answered; after the first of a key that is
  // not done, whatever is answered for later ones of this key in the batch, they come again: done in part costs
  // duplicates, never order. Keeps the records alive until it has answered, and not longer.
  virtual void deliver(std::vector<Delivery> batch) = 0;
};

// The handler that a route names. `producer_properties` are for topic handlers. Errors say what to mend. `answers` must
// outlive it.
Result<std::unique_ptr<Handler>> make_handler(const config::ConsumeRoute& route,
                                              const config::KafkaProperties& producer_properties, Answers& answers);

}  // namespace hubferry::deliver

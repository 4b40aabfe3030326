#pragma once
#include <map>
#include <optional>

#include "base/clock.h"
#include "kafka/shared_log.h"

namespace hubferry::kafka {

// What is wrong with a SharedLog, and what of it was told when. The first of several troubles is told.
class LogTrouble {
 public:
  enum class Kind {
    kTopic,  // found by looking at it
    kRead,   // said by fetches
    kWrite,  // said by appends
    kTimes,  // seen in the records
  };

  void set(Kind kind, Error error) { troubles_.insert_or_assign(kind, std::move(error)); }
  void clear(Kind kind) { troubles_.erase(kind); }
  bool has(Kind kind) const { return troubles_.contains(kind); }

  // Another trouble or another code than last time at once, the same again after a minute, and the end of all.
  void tell(Instant now, SharedLog::Listener& listener);
  // When tell() has something to say next without any change.
  std::optional<Instant> due() const;

 private:
  struct Told {
    Kind kind;
    ErrorCode code;
    Instant at;
  };
  std::map<Kind, Error> troubles_;
  std::optional<Told> told_;
};

}  // namespace hubferry::kafka

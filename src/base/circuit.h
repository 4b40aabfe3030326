#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace hubferry {

// What a route's circuit breaker lets it do.
struct Permit {
  enum class Kind {
    kClosed,   // deliver
    kOpen,     // deliver nothing; membership and partitions are kept, what failed stays uncommitted
    kProbe,    // deliver events of one partition, one at a time
    kUnknown,  // the breaker's state is not known: deliver nothing, and nobody's attempts are granted anew
  };
  Kind kind = Kind::kClosed;
  std::uint64_t generation = 0;  // of the breaker; a new one is a new probe
  std::int32_t partition = -1;   // kProbe
  std::uint64_t events = 0;      // kProbe: at most so many
  // kClosed: final failures up to this number (they count from 1) may go to the dead-letter topic: the breaker knows of
  // them and is closed all the same.
  std::uint64_t released = UINT64_MAX;

  // The breaker has opened, as far as is known.
  bool opened() const { return kind == Kind::kOpen || kind == Kind::kProbe; }
  bool operator==(const Permit&) const = default;
};

// How a route stands, for its breaker.
struct RouteState {
  std::uint64_t finals = 0;                  // final failures so far: the number of the last one
  std::optional<Instant> unavailable_since;  // the handler, in a row
  std::int64_t lag = -1;                     // events not finished, or more; -1: not known
  std::int32_t candidate = -1;               // a partition that has an event to try the handler with; -1: none
  // Of the probe that the permit of this generation asked for:
  std::uint64_t probe_generation = 0;
  std::uint64_t probe_done = 0;
  std::optional<std::string> probe_failure;
  bool probe_lost = false;  // its partition is not this route's any more
  bool probe_idle = false;  // nothing is at the handler
};

// What a route has met since it told the last time. Final failures: events that used up their attempts or were
// rejected.
struct RouteTally {
  std::vector<std::pair<Instant, std::uint64_t>> failures;  // when, and how many; final ones
  std::uint64_t successes = 0;
  std::uint64_t trailing = 0;                                  // of the final failures: those after the last success
  std::vector<std::pair<std::string, std::uint64_t>> reasons;  // of failures, and how often; some of them
  RouteState state;

  static constexpr std::size_t kMostReasons = 10;
  void failed(Instant now, const std::string& reason);
  void succeeded(std::uint64_t events);
  void count_reason(const std::string& reason, std::uint64_t times);
  // `next` happened after this.
  void add(const RouteTally& next);
};

// Between a route and its breaker: the route tells what it met and asks for its permit, the breaker takes and sets
// them. Thread-safe; nothing blocks.
class Circuit {
 public:
  explicit Circuit(Permit first) : permit_(first) {}

  // The route.
  void tell(const RouteTally& tally);
  Permit permit() const;
  // `on_change` is called, on the breaker's thread, when the permit has changed; empty: nobody any more.
  void watch(std::function<void()> on_change);

  // The breaker. `on_tell` is called, on the route's thread, for what it should know at once: failures, and how a probe
  // goes. Empty: nobody any more.
  void listen(std::function<void()> on_tell);
  RouteTally take();
  void set(const Permit& permit);

 private:
  mutable std::mutex mutex_;
  RouteTally tally_;
  Permit permit_;
  std::function<void()> on_change_;
  std::function<void()> on_tell_;
};

}  // namespace hubferry

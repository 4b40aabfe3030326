#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/client_log.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// Tells when a group member must not commit: while it (re)joins its group, from its client's decision until its
// assignment arrives. A commit at that time waits in the connection behind the JoinGroup request, comes with a
// generation that has passed, and costs the whole assignment (librdkafka before 2.10,
// rd_kafka_cgrp_op_handle_OffsetCommit). There is no event for the decision, up to 1 s before the request, so it is
// read from the client's debug lines about its state. It is taken when an answer of the brokers is looked at
// (REBALANCE_IN_PROGRESS to a heartbeat, metadata with more partitions) or an assignment was completed; so nothing is
// sent for a moment after each of these either. Must outlive the client.
class JoinWatch {
 public:
  // The client has looked at an answer by then.
  static constexpr Milliseconds kMoment{50};

  // Rings `bell` when joining has ended.
  explicit JoinWatch(Wakeup& bell) : bell_(bell) {}

  // Watches the client that is created from `configuration` and writes to `log`. Such a creation must not fail:
  // librdkafka before 2.13 then frees the interceptors twice. So try the configuration without a watch first.
  Status install(RdKafka::Conf& configuration, ClientLog& log);

  // Calls `send`, which hands a commit to the client, unless it must not be sent now. Returns whether. An answer that
  // arrives meanwhile is looked at after the commit. Polling thread.
  template <class Send>
  bool pass(Instant now, Send&& send) {
    const std::lock_guard lock(mutex_);
    if (joining_ || now < closed_until_) return false;
    std::forward<Send>(send)();
    return true;
  }

  // When pass() may succeed; nothing while joining: the bell tells.
  std::optional<Instant> opens_at() const;

  // An assignment or revocation was completed.
  void completed() { close_for_a_moment(); }

  // Called by librdkafka's threads: the Kafka protocol's number of a request; a debug line about the member's state.
  void answered(int request) noexcept;
  void state_changed(std::string_view line) noexcept;

 private:
  void close_for_a_moment();

  Wakeup& bell_;
  std::atomic<bool> joining_ = false;
  mutable std::mutex mutex_;
  Instant closed_until_{};
};

}  // namespace hubferry::kafka

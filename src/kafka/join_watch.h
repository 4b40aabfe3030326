#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <atomic>

#include "kafka/wakeup.h"

namespace hubferry::kafka {

// Knows when a group member is (re)joining its group: from its request to join until its assignment arrives. librdkafka
// has no event for this, so its interceptors tell which requests are on their way. A commit at that time waits in the
// connection behind the join, comes with a generation that has passed, and costs the whole assignment (librdkafka
// before 2.10). Must outlive the client.
class JoinWatch {
 public:
  // Rings `bell` when joining has ended.
  explicit JoinWatch(Wakeup& bell) : bell_(bell) {}

  // Watches the client that is created from `configuration`. Such a creation must not fail: librdkafka before 2.13 then
  // frees the interceptors twice. So try the configuration without a watch first.
  void install(RdKafka::Conf& configuration);

  // Any thread.
  bool joining() const { return joining_.load(); }

  // Called by librdkafka's threads with the Kafka protocol's number of the request.
  void sent(int request) noexcept;
  void answered(int request) noexcept;

 private:
  Wakeup& bell_;
  std::atomic<bool> joining_ = false;
};

}  // namespace hubferry::kafka

#pragma once
#include <filesystem>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "observe/health.h"
#include "observe/metrics.h"
#include "spool/feedback.h"
#include "spool/spool.h"

namespace hubferry::produce {

// How to reach the cluster.
struct Connections {
  config::KafkaProperties producer;
  config::KafkaProperties consumer;       // to read back after a crash
  std::filesystem::path spool_directory;  // refused events are kept beside the spool's files
};

// The produce road of one route: spool -> pump -> idempotent producer; the broker's acknowledgement releases the spool.
// One thread ("produce") owns pump, producer and the spool's reader side. Whatever goes wrong at the broker, the events
// stay in the spool: a failed producer is destroyed, and after a backoff a new one starts behind the low-water mark.
class ProduceRoad {
 public:
  // Creates the producer once to check its properties: an error names the property. Does not need the broker.
  static Result<std::unique_ptr<ProduceRoad>> create(const config::ProduceRoute& route, const Connections& connections,
                                                     spool::Spool& spool, spool::Feedback& feedback,
                                                     observe::Metrics& metrics, observe::Health& health);
  ~ProduceRoad();

  void start();
  // Sends what is in the spool until nothing is left, the deadline passed, or the brokers turn out to be unreachable.
  // What is left is sent by the next start. Returns at once.
  void request_drain(Instant deadline);
  // Waits until the thread ended and the position is persisted; without an earlier request_drain() it ends at once.
  void stop();

  class Edge;

 private:
  explicit ProduceRoad(std::unique_ptr<Edge> edge);

  std::unique_ptr<Edge> edge_;
  std::jthread thread_;
};

}  // namespace hubferry::produce

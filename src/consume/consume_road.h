#pragma once
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "observe/health.h"
#include "observe/metrics.h"

namespace hubferry::consume {

// The consume road of one route: group consumer -> dispatcher -> handler; success moves the checkpoint. One thread
// ("consume") owns consumer and dispatcher; handlers answer on their own threads, by a queue.
class ConsumeRoad {
 public:
  // Opens the handler and checks the client's properties: errors name what to mend. Does not need the broker.
  static Result<std::unique_ptr<ConsumeRoad>> create(const config::ConsumeRoute& route,
                                                     const config::KafkaProperties& properties,
                                                     observe::Metrics& metrics, observe::Health& health);
  ~ConsumeRoad();

  void start();
  // Stops dispatching, lets work in flight end, commits and leaves the group, all by the deadline. Returns at once; the
  // first call counts.
  void request_stop(Instant deadline);
  // Waits until the thread ended; without an earlier request_stop() the deadline is now.
  void stop();

 private:
  class Edge;
  explicit ConsumeRoad(std::unique_ptr<Edge> edge);

  std::unique_ptr<Edge> edge_;
  std::jthread thread_;
};

}  // namespace hubferry::consume

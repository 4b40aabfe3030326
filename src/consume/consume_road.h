#pragma once
#include <memory>
#include <string>
#include <thread>

#include "base/circuit.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "observe/health.h"
#include "observe/metrics.h"

namespace hubferry::consume {

// librdkafka properties of the route's clients: the group's consumer; the producer of dead letters and of a topic
// handler.
struct Connections {
  config::KafkaProperties consumer;
  config::KafkaProperties producer;
};

// The consume road of one route: consumer -> dispatcher -> handler; success moves the checkpoint. One thread
// ("consume") owns consumer and dispatcher; handlers answer on their own threads, by a queue.
class ConsumeRoad {
 public:
  // Opens the handler and checks the client's properties: errors name what to mend. Does not need the broker.
  // `circuit`: the route's breaker, which must outlive it; nullptr: it has none.
  static Result<std::unique_ptr<ConsumeRoad>> create(const config::ConsumeRoute& route, const Connections& connections,
                                                     Circuit* circuit, observe::Metrics& metrics,
                                                     observe::Health& health);
  ~ConsumeRoad();

  const std::string& name() const;

  void start();
  // Nothing is delivered until resume(); the partitions are kept, work in flight ends. Of this instance, until it ends.
  // Any thread.
  void pause();
  void resume();
  bool paused() const;
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

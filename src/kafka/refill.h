#pragma once
#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string>

#include "kafka/producer.h"

namespace hubferry::kafka {

// Has a client's queues refilled in time. When the queues of all partitions of a broker are full (queued.min.messages),
// librdkafka looks again only a second later, which bounds the rate by what they hold. Polling thread.
class Refill {
 public:
  // How much was in a partition's queue.
  class Level {
    friend class Refill;
    std::size_t highest_ = 0;  // since the client was woken for it
  };

  // librdkafka can look sooner from 2.2 on: the property that makes it.
  static void configure(Properties& defaults);

  explicit Refill(rd_kafka_t* client);

  // `taken` records were taken from a queue that has `left` now. Before 2.2: wakes the client when it is down to half.
  void taken(Level& level, std::size_t taken, std::size_t left);

 private:
  void wake();

  rd_kafka_t* client_;
  const bool needed_;
  std::string user_;
  std::string password_;
};

}  // namespace hubferry::kafka

#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace hubferry::kafka {

// librdkafka's in-process mock cluster: one broker in this process's memory, for trying out. It speaks the protocol on
// a loopback port, so kcat can join. It keeps 5 MiB or 100,000 batches per partition and silently drops what is older;
// everything is gone when the process ends; a topic cannot grow. Rebalances wait for session.timeout.ms - 1 s.
class EmbeddedBroker {
 public:
  struct Topic {
    std::string name;
    std::uint32_t partitions = 4;
  };
  static Result<std::unique_ptr<EmbeddedBroker>> start(const std::vector<Topic>& topics);
  virtual ~EmbeddedBroker() = default;

  // host:port of the broker.
  virtual std::string bootstrap_servers() const = 0;
};

}  // namespace hubferry::kafka

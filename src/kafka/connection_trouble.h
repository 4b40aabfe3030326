#pragma once
#include <librdkafka/rdkafka.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace hubferry::kafka {

// The errors on a client's main queue: the last, if possible one that says more than that brokers are away.
class ConnectionTrouble {
 public:
  // An RD_KAFKA_EVENT_ERROR; `where` names the topic.
  void add(rd_kafka_event_t& event, const std::string& where);
  // What was added since the last call.
  std::optional<Error> take();

 private:
  std::optional<Error> last_;
  bool specific_ = false;
};

}  // namespace hubferry::kafka

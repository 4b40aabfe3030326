#pragma once
#include <librdkafka/rdkafka.h>

#include <optional>
#include <string>

#include "base/clock.h"

namespace hubferry::kafka {

// How long a topic keeps its records, by the settings of a topic (cleanup.policy, retention.ms). One thread.
class Retention {
 public:
  // Nothing: for ever, or nobody tells. Asks the controller once an hour, and every five minutes while that fails; then
  // it blocks up to 5 s.
  std::optional<Milliseconds> of(rd_kafka_t& client, const std::string& topic);

 private:
  std::optional<Instant> ask_at_;
  std::optional<Milliseconds> known_;
};

}  // namespace hubferry::kafka

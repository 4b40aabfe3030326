#pragma once
#include <librdkafka/rdkafka.h>

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace hubferry::kafka {

// How long a topic with these settings keeps its records (cleanup.policy, retention.ms); nothing: for ever, or they do
// not tell.
std::optional<Milliseconds> retention_of(const std::map<std::string, std::string>& config);

// The same of a topic of a cluster. One thread.
class Retention {
 public:
  // Nothing also when nobody tells. Asks the controller once an hour, and every five minutes while that fails; then
  // it blocks up to 5 s.
  std::optional<Milliseconds> of(rd_kafka_t& client, const std::string& topic);

 private:
  std::optional<Instant> ask_at_;
  std::optional<Milliseconds> known_;
};

}  // namespace hubferry::kafka

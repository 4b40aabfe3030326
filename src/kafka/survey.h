#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// What a direct consumer asks about now and then.
struct Survey {
  struct Question {
    std::string group;
    std::string topic;
    bool members = false;                   // ask for them
    std::vector<std::int32_t> checkpoints;  // of which partitions
  };

  std::int32_t partitions = 0;                       // how many the topic has
  std::vector<std::string> members;                  // client ids and hosts
  bool members_unknown = false;                      // the cluster does not tell (these credentials)
  std::map<std::int32_t, std::int64_t> checkpoints;  // -1: none
};

// Blocks up to about 15 s. `properties` are the consumer's. Partitions are counted by the consumer itself, which
// thereby learns of those that it will be told to read; checkpoints are asked for by `asker`.
Result<Survey> make_survey(rd_kafka_t& consumer, rd_kafka_t& asker, const Properties& properties,
                           const Survey::Question& question, const std::stop_token& stop);

}  // namespace hubferry::kafka

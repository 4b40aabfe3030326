#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// What a SharedLog asks about its topic before it reads it, and now and then while it does.
struct LogSurvey {
  // By it a topic is known again: what is newer than all that was read once lies behind it. Brokers' times only.
  struct Mark {
    std::int64_t next = 0;       // the offset behind the last record read
    std::int64_t newest_ms = 0;  // the latest time of those that were
  };
  struct Question {
    std::string topic;
    bool check_times = true;   // that the brokers stamp the records
    std::optional<Mark> mark;  // that the topic is still the one it was
  };

  std::int64_t oldest = 0;  // the first offset that the topic still holds
  bool replaced = false;    // it is another than the mark's: it was deleted and created anew
  bool times_told = false;  // the cluster says that it stamps the records itself
};

// Blocks up to about 15 s. Asks by the client that reads, which thereby learns of the topic and its leader. Errors as
// of SharedLog::Listener::on_trouble(); `properties` are for the words in them.
Result<LogSurvey> make_log_survey(rd_kafka_t& reader, const Properties& properties, const LogSurvey::Question& question,
                                  const std::stop_token& stop);

}  // namespace hubferry::kafka

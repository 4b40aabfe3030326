#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/client_log.h"
#include "kafka/connection_trouble.h"
#include "kafka/handles.h"
#include "kafka/producer.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// The client by which a SharedLog appends to partition 0 of its topic, without idempotence. One thread.
class LogWriter {
 public:
  struct Report {
    std::uint64_t ticket = 0;
    Result<std::int64_t> offset;  // an error: it may be stored or not
    bool forbidden = false;       // the credentials may not write the topic
  };

  // Rings `bell`, which must outlive it, when there are reports. `timeout`: older records are not sent any more.
  static Result<std::unique_ptr<LogWriter>> create(const Properties& properties, const std::string& topic,
                                                   Milliseconds timeout, const Wakeup& bell);
  LogWriter(std::unique_ptr<ClientLog> log, std::unique_ptr<RdKafka::Producer> client,
            std::unique_ptr<RdKafka::Topic> topic, const Wakeup& bell);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Copies the value; never blocks. One report follows.
  void append(std::string_view value, std::uint64_t ticket);
  // Adds those that are there.
  void take_reports(std::vector<Report>& reports);
  bool has_refused() const { return !refused_.empty(); }  // reports that no bell was rung for
  // Taken and not yet reported.
  const std::set<std::uint64_t>& in_flight() const { return in_flight_; }
  // As LogReader::take_trouble(), found by take_reports().
  std::optional<Error> take_trouble() { return trouble_.take(); }

 private:
  void take(rd_kafka_event_t& event, std::vector<Report>& reports);
  Report failed(std::uint64_t ticket, rd_kafka_resp_err_t code) const;

  std::unique_ptr<ClientLog> log_;
  std::unique_ptr<RdKafka::Producer> client_;
  std::unique_ptr<RdKafka::Topic> topic_;
  QueuePtr events_;
  const std::string where_;
  std::set<std::uint64_t> in_flight_;
  std::vector<Report> refused_;
  ConnectionTrouble trouble_;
};

}  // namespace hubferry::kafka

#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "kafka/connection_trouble.h"
#include "kafka/handles.h"
#include "kafka/simple_client.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// The client by which a SharedLog reads partition 0 of its topic. One thread, but client() may be asked by others.
class LogReader {
 public:
  // Rings `bell`, which must outlive it, when there is something to take. `properties` are a consumer's, without group.
  static Result<std::unique_ptr<LogReader>> create(const Properties& properties, const std::string& topic,
                                                   const Wakeup& bell);
  LogReader(SimpleClient client, const Wakeup& bell);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  rd_kafka_t& client() { return *client_.consumer->c_ptr(); }

  // Reads from `offset` on. Once.
  Status start(std::int64_t offset);
  // A record, the partition's end (RD_KAFKA_RESP_ERR__PARTITION_EOF), or what is wrong; null: nothing now. An offset
  // that the log does not hold is RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.
  MessagePtr next();
  // What its connections have met since the last call; the last one that says more than that there are none.
  std::optional<Error> take_trouble();

 private:
  SimpleClient client_;
  QueuePtr events_;
  QueuePtr records_;
  ConnectionTrouble trouble_;
  bool started_ = false;
};

}  // namespace hubferry::kafka

#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "event/event.h"
#include "kafka/consumer.h"
#include "kafka/handles.h"
#include "kafka/refill.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// The queues of the partitions that a consumer reads. A partition's queue is taken out of the consumer's common queue
// BEFORE it is assigned: librdkafka then never forwards it, so no record can slip into the common queue. Polling
// thread.
class PartitionQueues {
 public:
  // `client` and `bell` must outlive this.
  PartitionQueues(rd_kafka_t* client, const Wakeup& bell, std::string topic, std::string where)
      : client_(client), bell_(bell), refill_(client), topic_(std::move(topic)), where_(std::move(where)) {}

  void attach(std::int32_t partition);
  void detach(const std::vector<std::int32_t>& partitions);
  void clear() { queues_.clear(); }

  bool empty() const { return queues_.empty(); }
  bool contains(std::int32_t partition) const { return queues_.contains(partition); }
  std::vector<std::int32_t> partitions() const;

  // As Consumer::fetch().
  std::size_t fetch(std::int32_t partition, std::size_t maximum, std::vector<event::Record>& records);

  // Something is left to fetch or to tell, so that nothing will ring for it.
  bool has_work() const { return more_to_fetch_ || !errors_.empty(); }
  void start_round() { more_to_fetch_ = false; }
  void tell_errors(Consumer::Listener& listener);

 private:
  struct Queue {
    QueuePtr queue;
    std::int64_t last_offset = -1;  // of the record that fetch() returned last
    Refill::Level level;
  };

  // One call of fetch().
  struct Fetch {
    PartitionQueues& queues;
    Queue& source;
    std::vector<event::Record>& records;
    std::size_t room = 0;
    bool stopped = false;

    void take(const rd_kafka_message_t& message);
    void stop();
  };

  Error note(const rd_kafka_message_t& message) const;
  Error went_back(const rd_kafka_message_t& message, std::int64_t last_offset) const;

  rd_kafka_t* client_;
  const Wakeup& bell_;
  Refill refill_;
  std::string topic_;
  std::string where_;
  std::map<std::int32_t, Queue> queues_;
  std::vector<Error> errors_;   // met by fetch()
  bool more_to_fetch_ = false;  // the last fetch() ended before its queue did
};

}  // namespace hubferry::kafka

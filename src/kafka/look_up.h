#pragma once
#include <librdkafka/rdkafka.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/consumer.h"
#include "kafka/retention.h"
#include "kafka/side_job.h"

namespace hubferry::kafka {

// Asks for the positions of a topic's partitions, beside the polling thread, which makes all calls.
class LookUp {
 public:
  // What is referred to must outlive this.
  LookUp(Wakeup& bell, rd_kafka_t& asker, std::string topic) : asker_(asker), topic_(std::move(topic)), job_(bell) {}

  // Nothing while an answer is awaited, unless that is outdated: then this question is asked next, and its answer told.
  void ask(const PositionQuestion& question);
  // An assignment begins: what was asked before may not know the last commits of the partitions' owners before.
  void outdate() { outdated_ = job_.busy(); }

  std::optional<Result<std::vector<PartitionPosition>>> take();

  void request_stop() { job_.request_stop(); }
  void join() { job_.join(); }

 private:
  void start(const PositionQuestion& question);

  rd_kafka_t& asker_;
  std::string topic_;
  Retention retention_;  // on the job's thread
  bool outdated_ = false;
  std::optional<PositionQuestion> next_;
  SideJob<Result<std::vector<PartitionPosition>>> job_;
};

}  // namespace hubferry::kafka

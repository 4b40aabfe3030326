#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "kafka/topic_reader.h"

namespace hubferry::ctl {

// Makes the clients by which commands talk to a cluster.
class Clients {
 public:
  virtual ~Clients() = default;
  virtual Result<std::unique_ptr<kafka::Admin>> admin(const kafka::Properties& properties) = 0;
  virtual Result<std::unique_ptr<kafka::TopicReader>> reader(const kafka::Properties& properties,
                                                             const std::string& topic,
                                                             const std::vector<kafka::TopicReader::Range>& ranges) = 0;
  virtual Result<std::unique_ptr<kafka::Producer>> producer(const kafka::Properties& properties,
                                                            const std::string& topic) = 0;
};

// Those of librdkafka.
Clients& kafka_clients();

}  // namespace hubferry::ctl

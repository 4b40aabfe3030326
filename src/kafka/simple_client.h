#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "kafka/client_log.h"
#include "kafka/configuration.h"

namespace hubferry::kafka {

// A client that reads one topic outside of any group: librdkafka's simple consumer. In the order in which it may die.
struct SimpleClient {
  std::unique_ptr<ClientLog> log;
  std::unique_ptr<RdKafka::Consumer> consumer;
  std::unique_ptr<RdKafka::Topic> topic;

  // `name` is its own in the log. Errors as of make_configuration().
  static Result<SimpleClient> create(const Properties& properties, const ClientSettings& settings,
                                     const std::string& topic, const std::string& name);
};

}  // namespace hubferry::kafka

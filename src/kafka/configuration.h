#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <memory>

#include "base/result.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

struct ClientSettings {
  Properties defaults;  // used where the user says nothing
  Properties fixed;     // used whatever the user says
  int events = 0;       // RD_KAFKA_EVENT_* that come on queues
};

// The configuration of one client: defaults, then the user's properties, then what is fixed. A name or value that
// librdkafka refuses gives kInvalid with the property's name and librdkafka's reason, never a secret's value.
// Refused by name as well: transactional.id (this client writes no transactions) and a missing bootstrap.servers.
Result<std::unique_ptr<RdKafka::Conf>> make_configuration(const Properties& user, const ClientSettings& settings,
                                                          RdKafka::EventCb* events);

}  // namespace hubferry::kafka

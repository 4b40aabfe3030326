#include "kafka/client_version.h"

#include <librdkafka/rdkafka.h>

#include <array>

#include "kafka/version_table.h"

namespace hubferry::kafka {
namespace {

struct Defect {
  int since;     // first version with it, as rd_kafka_version() writes it: 0xMMmmrrpp
  int fixed_in;  // first version without it
  const char* text;
};

constexpr int version(int major, int minor, int revision) {
  return major << 24 | minor << 16 | revision << 8 | 0xff;
}

// Source: librdkafka's change log; for the refresh of partitions measurements against a real broker (2.0.2 and 2.8.0
// have the defect, 2.15.0 has not).
constexpr std::array kDefects{
    Defect{0, version(2, 6, 1), "ending can hang after a topic was deleted: the client is then left behind"},
    Defect{0, version(2, 3, 0),
           "a disconnect can raise a false fatal error (sequence desynchronization): the producer is then rebuilt"},
    Defect{0, version(2, 3, 0), "ending while a group is joined for the first time can abort the process"},
    Defect{0, version(2, 4, 0), "leaving a group during its first assignment can hang"},
    Defect{0, version(2, 6, 1),
           "cooperative-sticky can loop for ever with some orders of members: the client's main thread is watched"},
    Defect{version(2, 6, 0), version(2, 6, 1),
           "cannot consume from Event Hubs (nor from Apache Kafka before 2.7): install another version"},
    Defect{0, version(2, 15, 0),
           "added partitions are noticed only every topic.metadata.refresh.interval.ms, not every metadata.max.age.ms"},
    Defect{0, version(2, 10, 0),
           "a commit during a cooperative rebalance can lose the assignment: commits wait while the member joins"},
    Defect{version(2, 10, 0), version(2, 10, 1), "can re-bootstrap in a loop after all brokers were unreachable"},
};

}  // namespace

std::string client_version() {
  return rd_kafka_version_str();
}

std::vector<std::string> defects_of_version(int version) {
  // The last byte counts pre-releases; 0xff is the release itself.
  std::vector<std::string> found;
  for (const Defect& defect : kDefects) {
    if (version >= defect.since && version < defect.fixed_in) found.emplace_back(defect.text);
  }
  return found;
}

std::vector<std::string> client_defects() {
  return defects_of_version(rd_kafka_version());
}

}  // namespace hubferry::kafka

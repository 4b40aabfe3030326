#include "ctl/clients.h"

namespace hubferry::ctl {
namespace {

class KafkaClients final : public Clients {
 public:
  Result<std::unique_ptr<kafka::Admin>> admin(const kafka::Properties& properties) override {
    return kafka::Admin::create(properties);
  }
  Result<std::unique_ptr<kafka::TopicReader>> reader(const kafka::Properties& properties, const std::string& topic,
                                                     const std::vector<kafka::TopicReader::Range>& ranges) override {
    return kafka::TopicReader::create(properties, topic, ranges);
  }
  Result<std::unique_ptr<kafka::Producer>> producer(const kafka::Properties& properties,
                                                    const std::string& topic) override {
    return kafka::Producer::create(properties, topic);
  }
};

}  // namespace

Clients& kafka_clients() {
  static KafkaClients clients;
  return clients;
}

}  // namespace hubferry::ctl

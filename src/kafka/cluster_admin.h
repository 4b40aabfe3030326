#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/admin.h"
#include "kafka/client_log.h"
#include "kafka/handles.h"

namespace hubferry::kafka {

// The Admin on librdkafka. One client asks about topics and groups; checkpoints are read and written by short-lived
// clients with the group's name, which do not join it. One thread at a time.
class ClusterAdmin final : public Admin {
 public:
  ClusterAdmin(Properties properties, std::unique_ptr<ClientLog> log, std::unique_ptr<RdKafka::Consumer> client);

  Result<std::vector<Partition>> describe_topic(const std::string& topic, Milliseconds timeout) override;
  Result<std::map<std::string, std::string>> topic_config(const std::string& topic, Milliseconds timeout) override;
  Status create_topic(const NewTopic& topic, Milliseconds timeout) override;
  Status add_partitions(const std::string& topic, std::int32_t total, Milliseconds timeout) override;
  Result<Group> describe_group(const std::string& group, const std::string& topic, Milliseconds timeout) override;
  Result<std::vector<PartitionPosition>> positions(const std::string& group, const std::string& topic,
                                                   std::optional<std::int64_t> timestamp_ms,
                                                   Milliseconds timeout) override;
  Status set_committed(const std::string& group, const std::string& topic, const std::vector<PartitionOffset>& offsets,
                       Milliseconds timeout) override;

 private:
  Result<MetadataPtr> ask_metadata(const std::string& topic, const std::string& where, Milliseconds timeout);
  Result<Group> ask_group(const std::string& group, const std::string& topic, Milliseconds timeout);
  Result<std::vector<std::int32_t>> ask_brokers(const std::string& topic, const std::string& where,
                                                Milliseconds timeout);
  // Adds to a failure what the client met on its connections.
  Error explained(Error error);

  Properties properties_;
  std::unique_ptr<ClientLog> log_;
  std::unique_ptr<RdKafka::Consumer> client_;
  rd_kafka_t* handle_;
  QueuePtr events_;
  std::string trouble_;  // the last thing that went wrong on a connection
};

}  // namespace hubferry::kafka

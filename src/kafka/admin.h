#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// What an operator's tools ask and change. Every call blocks up to its timeout. Errors say what happened and what to
// do; kNotFound: no such topic or group, kConflict: it exists already, or the group has members, kUnavailable and
// kTimeout: the cluster did not answer, kInvalid: it refuses (not allowed, not supported, bad value).
class Admin {
 public:
  struct Partition {
    std::int32_t leader = -1;  // broker id; -1: none
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> in_sync;
  };
  struct NewTopic {
    std::string name;
    std::int32_t partitions = 1;
    std::int16_t replication = -1;              // -1: the broker's default
    std::map<std::string, std::string> config;  // retention.ms and so on
  };
  struct Member {
    std::string id;
    std::string client_id;
    std::string host;
    std::string group_instance_id;         // empty: dynamic
    std::vector<std::int32_t> partitions;  // of the topic asked for
  };
  struct Group {
    std::string state;  // Kafka's name: Empty, Stable, PreparingRebalance, CompletingRebalance, Dead
    std::string assignor;
    std::vector<Member> members;
  };

  // `properties` are a client's connection properties.
  static Result<std::unique_ptr<Admin>> create(const Properties& properties);
  virtual ~Admin() = default;

  // Index: the partition.
  virtual Result<std::vector<Partition>> describe_topic(const std::string& topic, Milliseconds timeout) = 0;
  virtual Result<std::map<std::string, std::string>> topic_config(const std::string& topic, Milliseconds timeout) = 0;
  virtual Status create_topic(const NewTopic& topic, Milliseconds timeout) = 0;
  // `total`: the count afterwards.
  virtual Status add_partitions(const std::string& topic, std::int32_t total, Milliseconds timeout) = 0;

  // A group that nobody ever used is Dead without members.
  virtual Result<Group> describe_group(const std::string& group, const std::string& topic, Milliseconds timeout) = 0;
  // One entry per partition of the topic. `timestamp_ms` as in PositionQuestion.
  virtual Result<std::vector<PartitionPosition>> positions(const std::string& group, const std::string& topic,
                                                           std::optional<std::int64_t> timestamp_ms,
                                                           Milliseconds timeout) = 0;
  // Overwrites a group's checkpoints. kConflict while the group has members: they would not notice.
  virtual Status set_committed(const std::string& group, const std::string& topic,
                               const std::vector<PartitionOffset>& offsets, Milliseconds timeout) = 0;
};

}  // namespace hubferry::kafka

#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "ctl/clients.h"
#include "ctl/ctl.h"
#include "event/event.h"

namespace hubferry::ctl {

// A cluster in memory, and the clients of it. One thread.
struct FakeCluster : Clients {
  struct Record {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = -1;
    std::optional<std::string> key = {};
    std::optional<std::string> value = {};
    std::vector<std::pair<std::string, std::string>> headers = {};

    std::string header(const std::string& name) const {
      for (const auto& [known, text] : headers) {
        if (known == name) return text;
      }
      return "(none)";
    }
  };
  struct Partition {
    std::deque<Record> records;
    std::int64_t low = 0;
    std::int64_t end = 0;
    std::int32_t leader = 1;
  };
  struct Group {
    std::map<std::pair<std::string, std::int32_t>, kafka::PartitionOffset> committed;
    kafka::Admin::Group description{"Empty", "", {}};
  };
  struct Topic {
    std::deque<Partition> partitions;
    std::map<std::string, std::string> config;
  };

  std::map<std::string, Topic> topics;
  std::set<std::string> created;
  std::map<std::string, Group> groups;
  Status manage;                                                     // what changes of topics are answered
  Status describe;                                                   // and questions for groups
  std::function<Status(const std::string&, const Record&)> deliver;  // what the broker says to a produced record
  int hidden = 0;                   // so many descriptions of topics find none that was created
  std::function<void()> on_commit;  // before set_committed()

  void topic(const std::string& name, int partitions) {
    topics[name].partitions.resize(static_cast<std::size_t>(partitions));
  }
  Partition& partition(const std::string& name, std::int32_t number) {
    return topics.at(name).partitions.at(static_cast<std::size_t>(number));
  }
  std::int64_t append(const std::string& name, std::int32_t number, Record record) {
    Partition& target = partition(name, number);
    record.offset = target.end++;
    target.records.push_back(std::move(record));
    return target.records.back().offset;
  }
  void commit(const std::string& group, const std::string& name, std::int32_t number, std::int64_t offset,
              const std::string& metadata = "") {
    groups[group].committed[{name, number}] = {number, offset, metadata};
  }
  std::int64_t committed(const std::string& group, const std::string& name, std::int32_t number) {
    const auto& all = groups[group].committed;
    const auto found = all.find({name, number});
    return found == all.end() ? -1 : found->second.offset;
  }

  Result<std::unique_ptr<kafka::Admin>> admin(const kafka::Properties& properties) override;
  Result<std::unique_ptr<kafka::TopicReader>> reader(const kafka::Properties& properties, const std::string& topic,
                                                     const std::vector<kafka::TopicReader::Range>& ranges) override;
  Result<std::unique_ptr<kafka::Producer>> producer(const kafka::Properties& properties,
                                                    const std::string& topic) override;
};

class FakeAdmin final : public kafka::Admin {
 public:
  explicit FakeAdmin(FakeCluster& cluster) : cluster_(cluster) {}

  Result<std::vector<Partition>> describe_topic(const std::string& topic, Milliseconds) override {
    const bool hidden = cluster_.created.contains(topic) && cluster_.hidden > 0 && cluster_.hidden-- > 0;
    if (hidden || !cluster_.topics.contains(topic)) return fail(ErrorCode::kNotFound, "no topic " + topic);
    std::vector<Partition> partitions;
    for (const auto& partition : cluster_.topics[topic].partitions) partitions.push_back({partition.leader, {1}, {1}});
    return partitions;
  }
  Result<std::map<std::string, std::string>> topic_config(const std::string& topic, Milliseconds) override {
    return cluster_.topics[topic].config;
  }
  Status create_topic(const NewTopic& topic, Milliseconds) override {
    if (!cluster_.manage) return cluster_.manage;
    if (cluster_.topics.contains(topic.name)) return fail(ErrorCode::kConflict, "it exists");
    cluster_.created.insert(topic.name);
    cluster_.topic(topic.name, topic.partitions);
    cluster_.topics[topic.name].config = topic.config;
    return {};
  }
  Status add_partitions(const std::string& topic, std::int32_t total, Milliseconds) override {
    if (!cluster_.manage) return cluster_.manage;
    cluster_.topic(topic, total);
    return {};
  }
  Result<Group> describe_group(const std::string& group, const std::string&, Milliseconds) override {
    if (!cluster_.describe) return tl::make_unexpected(cluster_.describe.error());
    return cluster_.groups[group].description;
  }
  Result<std::vector<kafka::PartitionPosition>> positions(const std::string& group, const std::string& topic,
                                                          std::optional<std::int64_t> timestamp_ms,
                                                          Milliseconds) override {
    if (!cluster_.topics.contains(topic)) return fail(ErrorCode::kNotFound, "no topic " + topic);
    std::vector<kafka::PartitionPosition> positions;
    std::int32_t number = 0;
    for (const auto& partition : cluster_.topics[topic].partitions) {
      kafka::PartitionPosition position{-1, "", partition.low, partition.end, -1};
      const auto& committed = cluster_.groups[group].committed;
      if (const auto found = committed.find({topic, number++}); found != committed.end()) {
        position.committed = found->second.offset;
        position.metadata = found->second.metadata;
      }
      if (timestamp_ms) {
        const auto first = std::find_if(partition.records.begin(), partition.records.end(),
                                        [&](const auto& record) { return record.timestamp_ms >= *timestamp_ms; });
        position.at_timestamp = first == partition.records.end() ? partition.end : first->offset;
      }
      positions.push_back(position);
    }
    return positions;
  }
  Status set_committed(const std::string& group, const std::string& topic,
                       const std::vector<kafka::PartitionOffset>& offsets, Milliseconds) override {
    if (cluster_.on_commit) cluster_.on_commit();
    if (!cluster_.groups[group].description.members.empty()) return fail(ErrorCode::kConflict, "it has members");
    for (const auto& offset : offsets) cluster_.groups[group].committed[{topic, offset.partition}] = offset;
    return {};
  }

 private:
  FakeCluster& cluster_;
};

class FakeReader final : public kafka::TopicReader {
 public:
  FakeReader(FakeCluster& cluster, std::string topic, std::vector<Range> ranges)
      : cluster_(cluster), topic_(std::move(topic)), ranges_(std::move(ranges)) {}

  Status read(Milliseconds, std::vector<event::Record>& records) override {
    for (Range& range : ranges_) {
      const auto& all = cluster_.partition(topic_, range.partition).records;
      const auto found = std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.offset >= range.first; });
      if (found == all.end() || found->offset >= range.end) {
        range.first = range.end;
        continue;
      }
      records.push_back(to_record(*found, range.partition));
      range.first = found->offset + 1;
    }
    return {};
  }
  bool done() const override {
    return std::all_of(ranges_.begin(), ranges_.end(), [](const Range& range) { return range.first >= range.end; });
  }

 private:
  event::Record to_record(const FakeCluster::Record& stored, std::int32_t partition) const {
    event::Record record;
    record.topic = topic_;
    record.partition = partition;
    record.offset = stored.offset;
    record.timestamp_ms = stored.timestamp_ms;
    if (stored.key) record.key = *stored.key;
    if (stored.value) record.value = *stored.value;
    for (const auto& [name, text] : stored.headers) record.headers.push_back({name, text});
    return record;
  }

  FakeCluster& cluster_;
  const std::string topic_;
  std::vector<Range> ranges_;
};

// Stores at the poll after the send.
class FakeProducer final : public kafka::Producer {
 public:
  FakeProducer(FakeCluster& cluster, std::string topic) : cluster_(cluster), topic_(std::move(topic)) {}

  Send send(const Record& record) override {
    if (queue_.size() == kRoom) return Send::kQueueFull;
    queue_.push_back(record);
    return Send::kQueued;
  }
  Error last_error() const override { return {}; }
  std::size_t poll(Milliseconds, Listener& listener) override {
    const std::size_t count = queue_.size();
    while (!queue_.empty()) {
      const Record record = queue_.front();
      queue_.pop_front();
      FakeCluster::Record stored;
      if (record.key) stored.key = *record.key;
      if (!record.tombstone) stored.value = record.value;
      for (const auto& header : record.headers) stored.headers.emplace_back(header.name, header.value.value_or(""));
      const Status status = cluster_.deliver ? cluster_.deliver(topic_, stored) : Status();
      if (status) {
        listener.on_acknowledged(record.ticket, record.partition, cluster_.append(topic_, record.partition, stored));
      } else {
        listener.on_failed(record.ticket, status.error());
      }
    }
    return count;
  }
  Result<std::int32_t> partition_count(Milliseconds) override {
    if (!cluster_.topics.contains(topic_)) return fail(ErrorCode::kNotFound, "no topic " + topic_);
    return static_cast<std::int32_t>(cluster_.topics[topic_].partitions.size());
  }
  std::size_t in_flight() const override { return queue_.size(); }

 private:
  static constexpr std::size_t kRoom = 3;

  FakeCluster& cluster_;
  const std::string topic_;
  std::deque<Record> queue_;
};

inline Result<std::unique_ptr<kafka::Admin>> FakeCluster::admin(const kafka::Properties&) {
  return std::make_unique<FakeAdmin>(*this);
}
inline Result<std::unique_ptr<kafka::TopicReader>> FakeCluster::reader(
    const kafka::Properties&, const std::string& topic, const std::vector<kafka::TopicReader::Range>& ranges) {
  return std::make_unique<FakeReader>(*this, topic, ranges);
}
inline Result<std::unique_ptr<kafka::Producer>> FakeCluster::producer(const kafka::Properties&,
                                                                      const std::string& topic) {
  return std::make_unique<FakeProducer>(*this, topic);
}

// hubferryctl called on a fake cluster, with a configuration file.
class FakeClusterTest : public ::testing::Test {
 protected:
  FakeClusterTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hubferry-ctl-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    configure(
        "[consume.billing]\ntopic = orders\ngroup = billing-group\nhandler = discard:\ndead-letter = orders-dead\n");
  }
  ~FakeClusterTest() override { std::filesystem::remove_all(folder_); }

  void configure(const std::string& routes, const std::string& servers = "broker:9092") {
    std::ofstream(config_path()) << "[kafka]\nbootstrap.servers = " << servers << '\n' << routes;
  }
  std::string config_path() const { return (folder_ / "hubferry.conf").string(); }

  struct Called {
    int code = -1;
    std::string out;
    std::string error;
  };
  // `answer`: what somebody types on the terminal; none: there is no terminal.
  Called call(std::vector<std::string> arguments, const std::optional<std::string>& answer = std::nullopt) {
    arguments.insert(arguments.end(), {"--config", config_path()});
    std::ostringstream out;
    std::ostringstream error;
    std::istringstream in(answer.value_or("") + "\n");
    const int code = run(arguments, {}, {out, error}, {&in, answer.has_value()}, cluster_);
    return {code, out.str(), error.str()};
  }

  std::filesystem::path folder_;
  FakeCluster cluster_;
};

}  // namespace hubferry::ctl

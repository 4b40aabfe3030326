#pragma once
#include <librdkafka/rdkafka.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/committer.h"
#include "kafka/consumer.h"
#include "kafka/consumer_client.h"
#include "kafka/handles.h"
#include "kafka/partition_queues.h"

namespace hubferry::kafka {

// What members of a group and direct consumers share: everything but how they come to their partitions and leave them.
class ConsumerBase : public Consumer {
 public:
  ~ConsumerBase() override = default;
  ConsumerBase(const ConsumerBase&) = delete;
  ConsumerBase& operator=(const ConsumerBase&) = delete;

  void poll(Milliseconds timeout, Listener& listener) final;
  void wake() final { client_->bell.ring(); }
  std::size_t fetch(std::int32_t partition, std::size_t maximum, std::vector<event::Record>& records) final {
    return queues_.fetch(partition, maximum, records);
  }
  void look_up(const PositionQuestion& question) final { client_->look_up->ask(question); }
  void commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) final;

 protected:
  ConsumerBase(std::shared_ptr<ConsumerClient> client, std::string topic, std::string where);

  // What a poll() does between serving the client and telling answers: changes of the assignment, and leaving.
  virtual void advance(Listener& listener) = 0;
  // True when advance() has something to do that nothing will ring for.
  virtual bool must_advance() const = 0;
  // poll() sleeps no longer, whatever it is asked.
  virtual Milliseconds longest_wait() const = 0;
  virtual void take_rebalance(EventPtr event) = 0;

  // Tells the listener.
  void assign(const std::vector<std::int32_t>& partitions, Listener& listener);

  rd_kafka_t* handle() const { return handle_; }
  const std::string& topic() const { return topic_; }
  const std::string& where() const { return where_; }
  ConsumerClient& client() { return *client_; }
  const ConsumerClient& client() const { return *client_; }
  PartitionQueues& queues() { return queues_; }
  const PartitionQueues& queues() const { return queues_; }

  // The next event of the client, if there is one.
  EventPtr next_event() { return EventPtr(rd_kafka_queue_poll(events_.get(), 0)); }
  rd_kafka_queue_t* events() { return events_.get(); }

  // Begins to read exactly the partitions `told`.
  Status start_reading(const std::vector<std::int32_t>& told, const std::vector<PartitionOffset>& starts);

  // Gives up the partitions `told`.
  Status stop_reading(const std::vector<std::int32_t>& told);
  // `own` must outlive this.
  void remember_commits(OwnCommits& own) { commits_->remember(own); }

  // For the destructor: gives up what depends on the client, and hands it out to be ended.
  std::shared_ptr<ConsumerClient> release();

 private:
  Milliseconds wait_limit(Milliseconds timeout) const;
  void serve_client(Listener& listener);
  void serve_error(rd_kafka_event_t& event, Listener& listener);

  std::shared_ptr<ConsumerClient> client_;
  rd_kafka_t* handle_;
  std::string topic_;
  std::string where_;
  QueuePtr events_;
  PartitionQueues queues_;
  std::optional<Committer> commits_;
};

}  // namespace hubferry::kafka

#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

struct PartitionOffset {
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // the next offset to read
};

// One member of a cooperative-sticky consumer group on one topic. One thread makes all calls (except wake()). Nothing
// is committed or stored automatically. Partition queues are left unpolled for backpressure; librdkafka stops fetching
// a partition whose queue is full. All records must be destroyed before their consumer: librdkafka cannot end while one
// lives, its client is then left behind after 5 s. Destroying without close() ends within about 10 s in any state.
class GroupConsumer {
 public:
  // What poll() tells. All calls come on the polling thread. Assignment changes wait for complete_assign() and
  // complete_revoke(), which the owner calls from inside or later: until then librdkafka fetches nothing for ANY
  // partition of this member, and the group waits for it (at most max.poll.interval.ms).
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_assign(const std::vector<std::int32_t>& partitions) = 0;
    // `lost`: another member may already own them; nothing can be committed any more.
    virtual void on_revoke(const std::vector<std::int32_t>& partitions, bool lost) = 0;
    // The answer to commit(token).
    virtual void on_committed(std::uint64_t token, const Status& status) = 0;
    // A client error worth telling: fatal ones (disposition kFatal) need a new consumer.
    virtual void on_error(const Error& error) = 0;
    // As in Producer::Listener.
    virtual void on_statistics(std::uint32_t brokers_up) = 0;
  };

  // Always set here: enable.auto.commit=false, enable.auto.offset.store=false, auto.offset.reset=earliest (a partition
  // that appears later is read from its first event), partition.assignment.strategy=cooperative-sticky.
  static Result<std::unique_ptr<GroupConsumer>> create(const Properties& properties, const std::string& group,
                                                       const std::string& topic);
  virtual ~GroupConsumer() = default;

  // Waits up to `timeout`, at most 1 s, until there is something to serve or fetch, or wake() was called; then serves
  // group events. Does not wait right after a fetch() that took its maximum. Must be called within
  // max.poll.interval.ms. Rebalances without a partition for this member are answered here and not told.
  virtual void poll(Milliseconds timeout, Listener& listener) = 0;
  // Ends a poll() that waits. Any thread.
  virtual void wake() = 0;

  // Takes up to `maximum` fetched records of an assigned partition, in offset order, without blocking. Returns how many
  // were appended to `records`. Errors of the partition are told by the next poll().
  virtual std::size_t fetch(std::int32_t partition, std::size_t maximum, std::vector<event::Record>& records) = 0;

  virtual Status complete_assign() = 0;
  virtual Status complete_revoke() = 0;

  // Commits for assigned partitions, up to complete_revoke(); the answer comes as on_committed(token). Owns its
  // deadline (10 s): on_committed always comes. Held back while the member joins: librdkafka would lose the whole
  // assignment.
  virtual void commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) = 0;

  // Starts leaving the group: on_revoke() follows for what is assigned (after an on_assign() that was on its way).
  // Goes on with poll(). closed() turns true once the group was left, at the latest 5 s after the last
  // complete_revoke().
  virtual void close() = 0;
  virtual bool closed() const = 0;
};

}  // namespace hubferry::kafka

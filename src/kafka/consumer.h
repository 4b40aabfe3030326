#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

struct PartitionOffset {
  std::int32_t partition = 0;
  std::int64_t offset = 0;    // the next offset to read
  std::string metadata = {};  // text without zero bytes, at most 1024 bytes (Event Hubs' limit)
};

// What the broker knows about one partition of the topic, for a group.
struct PartitionPosition {
  std::int64_t committed = -1;  // the group's offset; -1: none
  std::string metadata;         // of that commit
  std::int64_t low = -1;        // the oldest offset that retention has left
  std::int64_t end = -1;        // the offset that the next record will get
  std::int64_t at_timestamp =
      -1;                  // the first offset at or after the time asked for, `end` if there is none; -1: not asked for
  std::int64_t aged = -1;  // records below it have spent four fifths of the topic's retention.ms; -1: not known
};

// What is asked about the partitions of a topic beside their checkpoints and bounds.
struct PositionQuestion {
  std::optional<std::int64_t> timestamp_ms = std::nullopt;  // PartitionPosition::at_timestamp, Unix epoch
  bool ageing = false;  // PartitionPosition::aged; takes longer, and is told if the cluster tells
};

// Reads one topic and commits for one group: as a member of the group, whose coordinator assigns partitions
// (cooperative-sticky), or directly, outside of any assignment. One thread makes all calls (except wake()). Nothing is
// committed or stored automatically. Partition queues are left unpolled for backpressure; librdkafka stops fetching a
// partition whose queue is full. All records must be destroyed before their consumer: librdkafka cannot end while one
// lives, its client is then left behind after 5 s. Destroying without close() ends within about 10 s in any state.
class Consumer {
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
    // The answer to look_up(): one entry for each partition of the topic. kRetry: ask again later.
    virtual void on_looked_up(Result<std::vector<PartitionPosition>> positions) = 0;
    // The answer to commit(token).
    virtual void on_committed(std::uint64_t token, const Status& status) = 0;
    // A client error worth telling: fatal ones (disposition kFatal) need a new consumer. One of them: a partition's
    // position fell behind retention or lies past the end (auto.offset.reset=error); the new consumer's look_up()
    // shows it.
    virtual void on_error(const Error& error) = 0;
    // As in Producer::Listener.
    virtual void on_statistics(std::uint32_t brokers_up) = 0;
  };

  struct Options {
    std::string group;
    std::string topic;
    std::string group_instance_id = {};         // static membership; empty: dynamic. Not for direct consumers
    std::vector<std::int32_t> partitions = {};  // direct: these; empty with `all`: all, also those that appear later
    bool all = false;
    bool direct() const { return all || !partitions.empty(); }
  };

  // Always set here: enable.auto.commit=false, enable.auto.offset.store=false, auto.offset.reset=error,
  // partition.assignment.strategy=cooperative-sticky. A direct consumer tells its partitions by on_assign() from
  // poll(), new ones (Options::all) within topic.metadata.refresh.interval.ms; a partition that does not exist is an
  // error told by on_error() again and again until it does. It refuses to read (on_error, kConflict and kRetry, told at
  // most once a minute, looked at every 10 s) while the group has members: their commits would overwrite each other.
  // Where the cluster does not tell the members it warns and reads. A checkpoint that it did not commit itself (a
  // second consumer of these partitions, an operator) is noticed within the same interval and told in the same way.
  static Result<std::unique_ptr<Consumer>> create(const Properties& properties, const Options& options);
  virtual ~Consumer() = default;

  // Waits up to `timeout`, at most 1 s, until there is something to serve or fetch, or wake() was called; then serves
  // group events. Does not wait right after a fetch() that took its maximum. Must be called within
  // max.poll.interval.ms. Rebalances without a partition for this member are answered here and not told.
  virtual void poll(Milliseconds timeout, Listener& listener) = 0;
  // Ends a poll() that waits. Any thread.
  virtual void wake() = 0;

  // Takes up to `maximum` fetched records of an assigned partition, in offset order, without blocking. Returns how many
  // were appended to `records`. Errors of the partition are told by the next poll().
  virtual std::size_t fetch(std::int32_t partition, std::size_t maximum, std::vector<event::Record>& records) = 0;

  // Asks the brokers about all partitions of the topic, on a thread of its own; at most one at a time, a further call
  // while one is under way changes nothing. The answer comes as on_looked_up(), within about 15 s. What was asked
  // before on_assign() and is asked again after it is answered only as asked then, with the last commits of those who
  // had the partitions before.
  virtual void look_up(const PositionQuestion& question) = 0;

  // `starts`: where reading begins, for exactly the partitions told by on_assign(). An offset below `low` or above
  // `end` is a fatal error later, see on_error().
  virtual Status complete_assign(const std::vector<PartitionOffset>& starts) = 0;
  virtual Status complete_revoke() = 0;

  // Commits for assigned partitions, up to complete_revoke(); the answer comes as on_committed(token). Owns its
  // deadline (10 s): on_committed always comes. Held back while the member joins: librdkafka would lose the whole
  // assignment.
  virtual void commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) = 0;

  // Starts leaving the group: on_revoke() follows for what is assigned (after an on_assign() that was on its way).
  // Goes on with poll(). closed() turns true once the group was left, at the latest 5 s after the last
  // complete_revoke(). A static member stays a member for session.timeout.ms.
  virtual void close() = 0;
  virtual bool closed() const = 0;
};

}  // namespace hubferry::kafka

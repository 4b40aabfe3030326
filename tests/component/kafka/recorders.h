#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kafka/consumer.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

inline constexpr Milliseconds kPatience{30'000};

// Calls `step` until `done` or the patience is over.
inline bool until(const std::function<bool()>& done, const std::function<void()>& step,
                  Milliseconds patience = kPatience) {
  const Instant end = SteadyClock::now() + patience;
  while (!done()) {
    if (SteadyClock::now() > end) return false;
    step();
  }
  return true;
}

struct ProducerRecorder : Producer::Listener {
  struct Acknowledged {
    std::uint64_t ticket;
    std::int32_t partition;
    std::int64_t offset;
  };
  std::vector<Acknowledged> acknowledged;
  std::vector<std::pair<std::uint64_t, Error>> failed;
  std::vector<Error> fatal;
  std::vector<std::uint32_t> brokers_up;

  void on_acknowledged(std::uint64_t ticket, std::int32_t partition, std::int64_t offset) override {
    acknowledged.push_back({ticket, partition, offset});
  }
  void on_failed(std::uint64_t ticket, const Error& error) override { failed.emplace_back(ticket, error); }
  void on_fatal(const Error& error) override { fatal.push_back(error); }
  void on_throttled(Milliseconds) override {}
  void on_statistics(std::uint32_t up) override { brokers_up.push_back(up); }

  std::size_t reports() const { return acknowledged.size() + failed.size(); }
};

// Values "0", "1", ... of `count` records in one partition. False if they were not stored.
inline bool produce(const Properties& properties, std::int32_t partition, std::size_t count,
                    std::span<const event::Header> headers = {}, std::optional<std::string_view> key = std::nullopt) {
  auto created = Producer::create(properties, "orders");
  if (!created) return false;
  Producer& producer = **created;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(std::to_string(i));
  for (std::size_t i = 0; i < count; ++i) {
    if (producer.send({partition, key, values[i], headers, i}) != Producer::Send::kQueued) return false;
  }
  ProducerRecorder seen;
  return until([&] { return seen.acknowledged.size() == count; }, [&] { producer.poll(Milliseconds(20), seen); });
}

// A consumer with an owner that looks up where to start and completes at once, unless told to hold.
struct Member : Consumer::Listener {
  std::unique_ptr<Consumer> consumer;
  std::set<std::int32_t> assigned;
  bool hold = false;
  std::vector<std::int32_t> held_assign;
  std::vector<std::int32_t> held_revoke;
  bool lost = false;
  int look_ups = 0;
  Result<std::vector<PartitionPosition>> looked_up{std::vector<PartitionPosition>{}};
  int assigns = 0;
  int revokes = 0;
  std::map<std::uint64_t, Status> committed;
  std::vector<Error> errors;
  std::vector<std::uint32_t> brokers_up;
  std::vector<event::Record> records;

  explicit Member(const Properties& properties, const std::string& topic = "orders", const std::string& group = "g")
      : Member(properties, Consumer::Options{group, topic}) {}
  Member(const Properties& properties, const Consumer::Options& options) {
    auto created = Consumer::create(properties, options);
    if (created) consumer = std::move(*created);
    if (!created) errors.push_back(created.error());
  }
  ~Member() override { records.clear(); }

  void on_assign(const std::vector<std::int32_t>& partitions) override {
    ++assigns;
    held_assign = partitions;
    if (!hold) consumer->look_up({});
  }
  void on_revoke(const std::vector<std::int32_t>& partitions, bool were_lost) override {
    ++revokes;
    lost = were_lost;
    held_revoke = partitions;
    if (!hold) finish_revoke();
  }
  void on_looked_up(Result<std::vector<PartitionPosition>> positions) override {
    ++look_ups;
    looked_up = std::move(positions);
    if (hold || held_assign.empty()) return;
    if (looked_up) {
      finish_assign();
    } else {
      consumer->look_up({});
    }
  }
  void on_committed(std::uint64_t token, const Status& status) override { committed.insert_or_assign(token, status); }
  void on_error(const Error& error) override { errors.push_back(error); }
  void on_statistics(std::uint32_t up) override { brokers_up.push_back(up); }

  // From the checkpoint, else from the oldest record, as far as a look-up told them.
  std::vector<PartitionOffset> starts() const {
    std::vector<PartitionOffset> starts;
    for (const std::int32_t partition : held_assign) {
      PartitionOffset start{partition, 0, {}};
      if (looked_up && !looked_up->empty()) {
        const PartitionPosition& position = looked_up->at(static_cast<std::size_t>(partition));
        start.offset = position.committed >= 0 ? position.committed : position.low;
      }
      starts.push_back(start);
    }
    return starts;
  }
  Status finish_assign() {
    const std::vector<PartitionOffset> from = starts();
    for (const std::int32_t partition : std::exchange(held_assign, {})) assigned.insert(partition);
    return consumer->complete_assign(from);
  }
  Status finish_revoke() {
    for (const std::int32_t partition : std::exchange(held_revoke, {})) assigned.erase(partition);
    return consumer->complete_revoke();
  }

  void poll(Milliseconds timeout = Milliseconds(20)) { consumer->poll(timeout, *this); }
  void fetch_all(std::size_t maximum = 1000) {
    for (const std::int32_t partition : assigned) consumer->fetch(partition, maximum, records);
  }
  bool join(std::size_t partitions) {
    return until([&] { return assigned.size() == partitions; }, [&] { poll(); });
  }
  bool read(std::size_t count) {
    return until([&] { return records.size() >= count; },
                 [&] {
                   poll();
                   fetch_all();
                 });
  }
  bool commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token = 1) {
    committed.erase(token);
    consumer->commit(offsets, token);
    return until([&] { return committed.contains(token); }, [&] { poll(); }) && committed.at(token);
  }
  // The answer is in looked_up.
  bool look_up(std::optional<std::int64_t> timestamp_ms = std::nullopt) {
    const int before = look_ups;
    consumer->look_up({.timestamp_ms = timestamp_ms});
    return until([&] { return look_ups > before; }, [&] { poll(); }) && looked_up;
  }
  bool leave() {
    consumer->close();
    return until([&] { return consumer->closed(); }, [&] { poll(); });
  }
};

}  // namespace hubferry::kafka

#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kafka/group_consumer.h"
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

// A member with an owner that completes at once, unless told to hold.
struct Member : GroupConsumer::Listener {
  std::unique_ptr<GroupConsumer> consumer;
  std::set<std::int32_t> assigned;
  bool hold = false;
  std::vector<std::int32_t> held_assign;
  std::vector<std::int32_t> held_revoke;
  bool lost = false;
  int assigns = 0;
  int revokes = 0;
  std::map<std::uint64_t, Status> committed;
  std::vector<Error> errors;
  std::vector<std::uint32_t> brokers_up;
  std::vector<event::Record> records;

  explicit Member(const Properties& properties, const std::string& topic = "orders", const std::string& group = "g") {
    auto created = GroupConsumer::create(properties, group, topic);
    if (created) consumer = std::move(*created);
    if (!created) errors.push_back(created.error());
  }
  ~Member() override { records.clear(); }

  void on_assign(const std::vector<std::int32_t>& partitions) override {
    ++assigns;
    held_assign = partitions;
    if (!hold) finish_assign();
  }
  void on_revoke(const std::vector<std::int32_t>& partitions, bool were_lost) override {
    ++revokes;
    lost = were_lost;
    held_revoke = partitions;
    if (!hold) finish_revoke();
  }
  void on_committed(std::uint64_t token, const Status& status) override { committed.insert_or_assign(token, status); }
  void on_error(const Error& error) override { errors.push_back(error); }
  void on_statistics(std::uint32_t up) override { brokers_up.push_back(up); }

  Status finish_assign() {
    for (const std::int32_t partition : std::exchange(held_assign, {})) assigned.insert(partition);
    return consumer->complete_assign();
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
  bool leave() {
    consumer->close();
    return until([&] { return consumer->closed(); }, [&] { poll(); });
  }
};

}  // namespace hubferry::kafka

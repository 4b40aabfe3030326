#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "deliver/send_window.h"
#include "kafka/producer.h"

namespace hubferry::deliver {

// Writes events to a topic with an idempotent producer of its own, which is built anew after it failed; order as in
// SendWindow. Keyed events go where the Java client sends them, others are spread. One thread ("topic").
//
// Written events are answered OK when the broker has acknowledged them. Errors: kReject: this event will never be
// taken (too large, invalid). kNotFound (kRetry): there is no such topic. Others (kRetry): everything that was on its
// way is answered so, and may be stored: a broker refused for now, or nothing was acknowledged for Options::timeout.
class TopicWriter final : private kafka::Producer::Listener {
 public:
  struct Options {
    std::string name;  // in the log
    std::string topic;
    kafka::Properties properties;
    Milliseconds timeout{30'000};
    Milliseconds retry_initial{1'000};  // backoff before a producer is built anew
    Milliseconds retry_max{30'000};
  };
  // Once for each event, on the writer's thread or in its destructor. The event's record is free by then.
  using Answered = std::function<void(const WorkId& id, const Status& status)>;

  // Does not need the broker. Fails on properties that librdkafka does not take.
  static Result<std::unique_ptr<TopicWriter>> create(const Options& options, Answered answered);
  // Answers what is still open with kClosed.
  ~TopicWriter() override;

  // Any thread; does not block. How much may wait is up to the caller: the events are in its memory anyway.
  void write(std::vector<Outgoing> batch);

 private:
  TopicWriter(const Options& options, Answered answered);
  Result<std::unique_ptr<kafka::Producer>> create_producer() const;
  void run(const std::stop_token& stop);
  void take_incoming(Instant now);
  void wait(const std::stop_token& stop);
  void step(Instant now);
  bool rebuild(Instant now);
  void refresh_partition_count(Instant now);
  void send(Instant now);
  void judge(Instant now);
  void expire(Instant now);
  void drop_producer(Instant now, const std::string& reason, bool at_once);
  void answer(std::vector<SendWindow::Answer> answers);

  void on_acknowledged(std::uint64_t ticket, std::int32_t partition, std::int64_t offset) override;
  void on_failed(std::uint64_t ticket, const Error& error) override;
  void on_fatal(const Error& error) override;
  void on_throttled(Milliseconds) override {}
  void on_statistics(std::uint32_t) override {}

  const Options options_;
  const Answered answered_;
  const Milliseconds refresh_;
  SendWindow window_;
  Backoff backoff_;
  std::unique_ptr<kafka::Producer> producer_;
  std::int32_t partitions_ = 0;
  Instant refresh_at_{};
  Instant rebuild_at_{};
  std::optional<std::string> failure_;  // why the producer is to be given up

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Outgoing> incoming_;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace hubferry::deliver

#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"

namespace hubferry::kafka {

using Properties = std::map<std::string, std::string>;

// One idempotent librdkafka producer for one topic. One thread (the produce road's pump) makes all calls; delivery
// reports are served inside poll(), on that thread (measured: +47 % against a thread of their own).
class Producer {
 public:
  struct Record {
    std::int32_t partition = 0;
    std::optional<std::string_view> key;
    std::string_view value;
    std::span<const event::Header> headers;
    std::uint64_t ticket = 0;  // comes back in the report
    bool tombstone = false;    // no value at all; `value` is empty
  };
  enum class Send {
    kQueued,
    kQueueFull,         // poll() and try again
    kUnknownPartition,  // this client does not know the topic or partition (yet): refresh and try again
    kFailed,            // see last_error(); after a fatal error every send fails
  };

  // What poll() tells. All calls come on the polling thread.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_acknowledged(std::uint64_t ticket, std::int32_t partition, std::int64_t offset) = 0;
    // The record is not known to be stored. `error.disposition` is kRetry (later), kReject (never: too large, invalid)
    // or kFatal (the producer must be rebuilt).
    virtual void on_failed(std::uint64_t ticket, const Error& error) = 0;
    // A fatal error of the client: destroy it and create a new one.
    virtual void on_fatal(const Error& error) = 0;
    // The broker delayed its answers by `duration`; 0 ends it, but comes only with a later answer.
    virtual void on_throttled(Milliseconds duration) = 0;
    // Every statistics.interval.ms (5 s unless set): how many brokers are connected. A missing call means a stuck
    // client main thread.
    virtual void on_statistics(std::uint32_t brokers_up) = 0;
  };

  // `properties` are librdkafka's. Always set here, whatever `properties` says: enable.idempotence, acks=all,
  // message.timeout.ms=0 and enable.gapless.guarantee. `topic` is the only topic of this producer.
  static Result<std::unique_ptr<Producer>> create(const Properties& properties, const std::string& topic);
  virtual ~Producer() = default;

  // Does not copy: value, key and header bytes must stay valid until the record's report. Never blocks.
  virtual Send send(const Record& record) = 0;
  // Why the last send() gave kFailed.
  virtual Error last_error() const = 0;

  // Serves reports and events for up to `timeout` (0: only what is there). Returns how many reports were served.
  virtual std::size_t poll(Milliseconds timeout, Listener& listener) = 0;

  // Asks the cluster for the topic's partition count; blocks up to `timeout`. kNotFound: the topic does not exist.
  virtual Result<std::int32_t> partition_count(Milliseconds timeout) = 0;

  // Records sent and not yet reported.
  virtual std::size_t in_flight() const = 0;
};

}  // namespace hubferry::kafka

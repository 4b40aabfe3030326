#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// One topic with exactly one partition that several processes append to and all of them read from its oldest record on,
// outside of any group. One thread makes all calls except wake(). It looks at the topic before it reads, and again and
// again: that it exists, has one partition, that record times are the brokers' and that nothing compacts it. Client
// errors never end it: it tells the trouble and tries again. Destroying it ends within about 10 s.
class SharedLog {
 public:
  // What poll() tells. All calls come on the polling thread; they may append().
  class Listener {
   public:
    virtual ~Listener() = default;
    // Reading begins at the log's oldest record: at first, and once more (`anew`) when the position was lost, because
    // retention passed it or the topic was deleted and created again. What was told before is void then.
    virtual void on_begin(std::int64_t oldest, bool anew) = 0;
    // `timestamp_ms`: Unix epoch, the broker's; may step back by a change of leader. `value` is empty for a tombstone.
    virtual void on_record(std::int64_t offset, std::int64_t timestamp_ms, std::string_view value) = 0;
    // Everything before `offset` was told. Told whenever the end is reached, also again after more records.
    virtual void on_end(std::int64_t offset) = 0;
    // The answer to append(). on_append_failed: it may be stored or not; kReject: the same record fails again.
    virtual void on_appended(std::uint64_t ticket, std::int64_t offset) = 0;
    virtual void on_append_failed(std::uint64_t ticket, const Error& error) = 0;
    // The log cannot be relied on: kUnavailable and kTimeout: no answer, kNotFound: no topic, kInvalid: a topic that
    // will not do, or one that the credentials may not read or write. The message says what to do. Told when another
    // trouble begins, and once a minute. Reading and appending are still tried. A lack of the right to write is noticed
    // by an append, and over with the next one that succeeds.
    virtual void on_trouble(const Error& error) = 0;
    virtual void on_well() = 0;  // the trouble is over
  };

  struct Options {
    bool any_times = false;                 // the producers' times will do: the embedded broker has no others
    Milliseconds append_timeout{10'000};    // an older record is not sent any more
    Milliseconds trouble_interval{30'000};  // between looks at a topic that is in trouble
    Milliseconds well_interval{120'000};    // and at one that is well
  };

  // `consumer` and `producer` are librdkafka's properties, without group. Always set here: acks=all, no idempotence,
  // one request at a time. Connects to nothing yet.
  static Result<std::unique_ptr<SharedLog>> create(const Properties& consumer, const Properties& producer,
                                                   const std::string& topic, const Options& options);
  static Result<std::unique_ptr<SharedLog>> create(const Properties& consumer, const Properties& producer,
                                                   const std::string& topic) {
    return create(consumer, producer, topic, Options());
  }
  virtual ~SharedLog() = default;

  // Waits up to `timeout` until there is something to tell or wake() was called, then tells it. Never waits for
  // brokers.
  virtual void poll(Milliseconds timeout, Listener& listener) = 0;
  // Ends a poll() that waits, or the next one. Any thread.
  virtual void wake() = 0;

  // Sends the record, at once or when the brokers can be reached again; exactly one of on_appended() and
  // on_append_failed() follows. Records of one log keep their order; one can be stored twice. May be called before
  // reading begins. Never blocks.
  virtual void append(std::string value, std::uint64_t ticket) = 0;
};

}  // namespace hubferry::kafka

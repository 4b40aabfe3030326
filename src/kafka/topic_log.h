#pragma once
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/log_reader.h"
#include "kafka/log_survey.h"
#include "kafka/log_trouble.h"
#include "kafka/log_writer.h"
#include "kafka/shared_log.h"
#include "kafka/side_job.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// The SharedLog on librdkafka. A side thread looks at the topic and replaces clients; nothing is read before the first
// good look.
class TopicLog final : public SharedLog {
 public:
  TopicLog(Properties consumer, Properties producer, std::string topic, const Options& options);

  // Before the first poll(): makes the clients.
  Status open();

  void poll(Milliseconds timeout, Listener& listener) override;
  void wake() override { bell_.ring(); }
  void append(std::string value, std::uint64_t ticket) override;

 private:
  // Replaced when they have met a topic that was deleted, the reader also after an error and an offset that is gone:
  // what a client remembers of a former topic (partitions, leader epochs) then cannot mislead it.
  struct Clients {
    std::unique_ptr<LogReader> reader;
    std::unique_ptr<LogWriter> writer;
  };

  Result<Clients> make_clients(bool reader, bool writer) const;
  LogWriter::Report not_sent(std::uint64_t ticket) const;
  Milliseconds wait_limit(Milliseconds timeout) const;

  void serve_writer(Listener& listener);
  void serve_reader(Listener& listener);
  void take(const rd_kafka_message_t& message, Listener& listener);
  void take_record(const rd_kafka_message_t& message, Listener& listener);
  void meet_error(const rd_kafka_message_t& message);
  void note_connection(std::optional<Error> error);

  void topic_vanished();
  void look_at(Instant when);
  void look_by(Instant when) { look_at_ = std::min(look_at_, when); }
  void look_soon();
  void start_job(Instant now);
  void start_renewal();
  void judge_failure(Error error, Instant now);
  void judge(const Result<LogSurvey>& survey, Instant now, Listener& listener);
  void take_over(Result<Clients> clients, Instant now, Listener& listener);
  void go_on(Listener& listener);
  void begin(Listener& listener);
  std::optional<LogSurvey::Mark> mark() const;

  const Properties consumer_;
  const Properties producer_;
  const std::string topic_;
  const Options options_;
  const bool check_times_;

  Wakeup bell_;
  Clients clients_;
  bool reading_ = false;
  bool more_ = false;  // the reader has more to take

  bool began_ = false;           // on_begin() was told
  bool lost_ = false;            // the position is: begin anew
  std::int64_t next_ = 0;        // the offset to read next
  std::int64_t newest_ms_ = -1;  // the latest time of a record since on_begin()

  LogSurvey found_;                         // the last good one
  std::optional<LogSurvey::Mark> mark_;     // of the topic that is read
  std::optional<LogSurvey::Mark> checked_;  // the one that follows it if this look finds the same topic
  Instant looked_at_{};                     // when the last survey began
  Instant look_at_{};                       // when the next one is due
  bool vanished_ = false;                   // the topic was not there
  bool outdated_ = false;                   // that was noticed while a look was under way
  bool renew_reader_ = false;               // when the topic is well again
  bool renew_writer_ = false;

  std::vector<LogWriter::Report> reports_;  // to be told
  std::string last_seen_;                   // what the connections met
  LogTrouble trouble_;

  // Last: the side thread uses the clients.
  SideJob<Result<LogSurvey>> survey_{bell_};
  SideJob<Result<Clients>> renewal_{bell_};
};

}  // namespace hubferry::kafka

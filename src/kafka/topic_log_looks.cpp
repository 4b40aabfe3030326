#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "kafka/topic_log.h"

namespace hubferry::kafka {
namespace {

using Kind = LogTrouble::Kind;

constexpr Milliseconds kShortestPause{1'000};  // between two looks at the topic, whatever happens
constexpr Milliseconds kReachAgain{5'000};     // and while the brokers do not answer, or something went wrong with them

bool is_unanswered(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}

}  // namespace

Result<TopicLog::Clients> TopicLog::make_clients(bool reader, bool writer) const {
  Clients clients;
  if (reader) {
    auto made = LogReader::create(consumer_, topic_, bell_);
    if (!made) return tl::make_unexpected(std::move(made).error());
    clients.reader = std::move(*made);
  }
  if (writer) {
    auto made = LogWriter::create(producer_, topic_, options_.append_timeout, bell_);
    if (!made) return tl::make_unexpected(std::move(made).error());
    clients.writer = std::move(*made);
  }
  return clients;
}

Status TopicLog::open() {
  auto clients = make_clients(true, true);
  if (!clients) return tl::make_unexpected(std::move(clients).error());
  clients_ = std::move(*clients);
  return {};
}

void TopicLog::look_at(Instant when) {
  look_at_ = std::max(when, looked_at_ + kShortestPause);
}

// Brokers may be away: a look will tell.
void TopicLog::look_soon() {
  look_by(std::max(SteadyClock::now(), looked_at_ + kReachAgain));
}

void TopicLog::start_job(Instant now) {
  if (survey_.busy() || renewal_.busy() || now < look_at_) return;
  if (!clients_.reader || !clients_.writer) return start_renewal();
  looked_at_ = now;
  // What was read until now is of the topic that this look finds, if it is still that of the mark.
  checked_ = mark();
  outdated_ = false;
  const LogSurvey::Question question{topic_, check_times_, mark_};
  survey_.start([&reader = clients_.reader->client(), &properties = consumer_, question](const std::stop_token& stop) {
    return make_log_survey(reader, properties, question, stop);
  });
}

void TopicLog::judge_failure(Error error, Instant now) {
  if (error.code == ErrorCode::kNotFound) {
    // A broker that comes back does not know its topics at first (seen with Kafka 4.2): only a second look counts.
    const bool sure = vanished_ || !began_;
    topic_vanished();
    if (!sure) return look_at(now);
  }
  if (is_unanswered(error) && !last_seen_.empty()) error.message += "; last seen: " + last_seen_;
  look_at(now + (is_unanswered(error) ? kReachAgain : options_.trouble_interval));
  trouble_.set(Kind::kTopic, std::move(error));
}

void TopicLog::judge(const Result<LogSurvey>& survey, Instant now, Listener& listener) {
  if (!survey) return judge_failure(survey.error(), now);
  if (outdated_) return look_at(now);
  found_ = *survey;
  last_seen_.clear();
  if (found_.times_told) trouble_.clear(Kind::kTimes);
  look_at(now + options_.well_interval);
  if (found_.replaced) {
    lost_ = true;
    topic_vanished();
  } else if (vanished_ && !mark_ && newest_ms_ >= 0) {
    lost_ = true;  // it cannot be known again
  } else {
    mark_ = checked_;
  }
  vanished_ = false;
  if (renew_reader_ || renew_writer_) return start_renewal();
  go_on(listener);
}

// Nothing more is read: it would be of another topic.
void TopicLog::topic_vanished() {
  reading_ = false;
  vanished_ = outdated_ = renew_reader_ = renew_writer_ = true;
}

std::optional<LogSurvey::Mark> TopicLog::mark() const {
  if (!check_times_ || trouble_.has(Kind::kTimes) || newest_ms_ < 0 || lost_) return std::nullopt;
  return LogSurvey::Mark{next_, newest_ms_};
}

void TopicLog::start_renewal() {
  const bool reader = renew_reader_;
  const bool writer = renew_writer_;
  const auto old = std::make_shared<Clients>();
  if (reader) {
    reading_ = false;
    old->reader = std::move(clients_.reader);
  }
  if (writer && clients_.writer) {
    for (const std::uint64_t ticket : clients_.writer->in_flight()) reports_.push_back(not_sent(ticket));
    old->writer = std::move(clients_.writer);
  }
  renewal_.start([this, old, reader, writer](const std::stop_token&) {
    *old = {};  // may take its time
    return make_clients(reader, writer);
  });
}

void TopicLog::take_over(Result<Clients> clients, Instant now, Listener& listener) {
  if (!clients) {
    look_at(now + kReachAgain);
    return trouble_.set(Kind::kTopic, std::move(clients).error());
  }
  if (clients->reader) clients_.reader = std::move(clients->reader);
  if (clients->writer) clients_.writer = std::move(clients->writer);
  renew_reader_ = renew_writer_ = false;
  go_on(listener);
}

void TopicLog::go_on(Listener& listener) {
  trouble_.clear(Kind::kTopic);
  if (!reading_) begin(listener);
}

void TopicLog::begin(Listener& listener) {
  if (!began_ || lost_) {
    next_ = found_.oldest;
    newest_ms_ = -1;
    mark_.reset();
    lost_ = false;
    listener.on_begin(next_, std::exchange(began_, true));
  }
  Status status = clients_.reader->start(next_);
  reading_ = status.has_value();
  if (reading_) return;
  renew_reader_ = true;
  look_at(SteadyClock::now() + options_.trouble_interval);
  trouble_.set(Kind::kRead, std::move(status).error());
}

}  // namespace hubferry::kafka

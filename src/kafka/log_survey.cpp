#include "kafka/log_survey.h"

#include <spdlog/fmt/fmt.h>

#include <map>

#include "kafka/log_topic.h"
#include "kafka/positions.h"
#include "kafka/topic_config.h"

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kSurveyTime{14'000};
constexpr Milliseconds kConfigTime{4'000};

using Config = std::map<std::string, std::string>;

Error explained(Error error, const std::string& topic, const Properties& properties) {
  if (error.code != ErrorCode::kNotFound) {
    error.message = "control " + error.message;
    return error;
  }
  return {
      ErrorCode::kNotFound,
      fmt::format("control topic {} does not exist; create it: {}", topic, how_to_create_log_topic(topic, properties)),
      Disposition::kRetry};
}

Status check(const LogSurvey::Question& question, std::int32_t partitions, const Config& config,
             const Properties& properties) {
  const auto fault = log_topic_fault(question.topic, partitions, config, !question.check_times, properties);
  if (!fault) return {};
  return fail(ErrorCode::kInvalid, fmt::format("control topic {}: {}", question.topic, *fault), Disposition::kRetry);
}

}  // namespace

Result<LogSurvey> make_log_survey(rd_kafka_t& reader, const Properties& properties, const LogSurvey::Question& question,
                                  const std::stop_token& stop) {
  const Patience patience{.deadline = SteadyClock::now() + kSurveyTime, .stop = stop};
  const std::string& topic = question.topic;
  const auto shape = topic_shape(reader, topic, patience);
  if (!shape) return tl::make_unexpected(explained(shape.error(), topic, properties));

  LogSurvey survey;
  Config config;
  if (!stop.stop_requested() && shape->leader >= 0) {
    // Who may not ask, or asks a cluster that does not answer this, goes by the records.
    config = ask_topic_config(reader, topic, shape->leader, kConfigTime).value_or(Config());
    survey.times_told = config.contains("message.timestamp.type");
  }
  if (Status status = check(question, shape->partitions, config, properties); !status) {
    return tl::make_unexpected(std::move(status).error());
  }
  const auto oldest = ask_offset(reader, topic, kEarliest, patience);
  if (!oldest) return tl::make_unexpected(explained(oldest.error(), topic, properties));
  survey.oldest = *oldest;
  if (!question.mark) return survey;
  auto newer = ask_offset(reader, topic, question.mark->newest_ms + 1, patience);
  if (newer && *newer < 0) newer = ask_offset(reader, topic, kLatest, patience);
  if (!newer) return tl::make_unexpected(explained(newer.error(), topic, properties));
  survey.replaced = *newer < question.mark->next;
  return survey;
}

}  // namespace hubferry::kafka

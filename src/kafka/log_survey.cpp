#include "kafka/log_survey.h"

#include <spdlog/fmt/fmt.h>

#include <map>

#include "kafka/positions.h"
#include "kafka/topic_commands.h"
#include "kafka/topic_config.h"

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kSurveyTime{14'000};
constexpr Milliseconds kConfigTime{4'000};

using Config = std::map<std::string, std::string>;

Error wrong(const std::string& topic, std::string_view what) {
  return {ErrorCode::kInvalid, fmt::format("control topic {}: {}", topic, what), Disposition::kRetry};
}

// By the daemon's own tool, or by that of the cluster.
std::string how_to_create(const std::string& topic, const Properties& properties) {
  const Admin::NewTopic wish = shared_log_topic(topic);
  return fmt::format("hubferryctl topics create --control, or: {}", is_event_hubs(properties)
                                                                        ? azure_create_command(wish, properties)
                                                                        : kafka_create_command(wish, properties));
}

Error explained(Error error, const std::string& topic, const Properties& properties) {
  if (error.code != ErrorCode::kNotFound) {
    error.message = "control " + error.message;
    return error;
  }
  return {ErrorCode::kNotFound,
          fmt::format("control topic {} does not exist; create it: {}", topic, how_to_create(topic, properties)),
          Disposition::kRetry};
}

Error too_wide(const std::string& topic, std::int32_t partitions, const Properties& properties) {
  return wrong(topic, fmt::format("it has {} partitions and must have one: records of several have no common order. "
                                  "Partitions cannot be taken away: give control.topic of all instances the name of a "
                                  "new topic and create that: {}",
                                  partitions, how_to_create("NAME", properties)));
}

Status check(const Config& config, const LogSurvey::Question& question, const Properties& properties) {
  const auto policy = config.find("cleanup.policy");
  if (policy != config.end() && policy->second.find("compact") != std::string::npos) {
    return tl::make_unexpected(wrong(
        question.topic,
        fmt::format("cleanup.policy = {}: compaction takes records out of the log that the state "
                    "of the breakers follows from; change it: {}",
                    policy->second, kafka_set_config_command(question.topic, policy->first, "delete", properties))));
  }
  const auto times = config.find("message.timestamp.type");
  if (!question.check_times || times == config.end() || times->second == "LogAppendTime") return {};
  return tl::make_unexpected(foreign_times_error(question.topic, properties));
}

}  // namespace

Error foreign_times_error(const std::string& topic, const Properties& properties) {
  return wrong(
      topic, fmt::format("its records bear the producers' times, and the instances' clocks may differ; let the brokers "
                         "stamp them: {}",
                         kafka_set_config_command(topic, "message.timestamp.type", "LogAppendTime", properties)));
}

Result<LogSurvey> make_log_survey(rd_kafka_t& reader, const Properties& properties, const LogSurvey::Question& question,
                                  const std::stop_token& stop) {
  const Patience patience{.deadline = SteadyClock::now() + kSurveyTime, .stop = stop};
  const std::string& topic = question.topic;
  const auto shape = topic_shape(reader, topic, patience);
  if (!shape) return tl::make_unexpected(explained(shape.error(), topic, properties));
  if (shape->partitions != 1) return tl::make_unexpected(too_wide(topic, shape->partitions, properties));

  LogSurvey survey;
  if (!stop.stop_requested() && shape->leader >= 0) {
    // Who may not ask, or asks a cluster that does not answer this, goes by the records.
    const auto config = ask_topic_config(reader, topic, shape->leader, kConfigTime).value_or(Config());
    if (Status status = check(config, question, properties); !status) {
      return tl::make_unexpected(std::move(status).error());
    }
    survey.times_told = config.contains("message.timestamp.type");
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

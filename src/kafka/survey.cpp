#include "kafka/survey.h"

#include <spdlog/fmt/fmt.h>

#include "kafka/admin.h"
#include "kafka/error_class.h"
#include "kafka/handles.h"
#include "kafka/positions.h"

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kSurveyTime{14'000};
constexpr Milliseconds kDescribeTime{4'000};

Status add_members(const Properties& properties, const Survey::Question& question, Survey& survey) {
  const auto admin = Admin::create(properties);
  if (!admin) return tl::make_unexpected(admin.error());
  const auto group = (*admin)->describe_group(question.group, question.topic, kDescribeTime);
  if (!group) {
    if (group.error().code != ErrorCode::kInvalid) return tl::make_unexpected(group.error());
    survey.members_unknown = true;
    return {};
  }
  for (const Admin::Member& member : group->members) {
    survey.members.push_back(fmt::format("{} at {}", member.client_id, member.host));
  }
  return {};
}

}  // namespace

Result<Survey> make_survey(rd_kafka_t& consumer, rd_kafka_t& asker, const Properties& properties,
                           const Survey::Question& question, const std::stop_token& stop) {
  const Patience patience{.deadline = SteadyClock::now() + kSurveyTime, .stop = stop};
  Survey survey;
  const auto count = partition_count(consumer, question.topic, patience);
  if (!count) return tl::make_unexpected(count.error());
  survey.partitions = *count;
  if (question.members && !stop.stop_requested()) {
    if (Status status = add_members(properties, question, survey); !status) {
      return tl::make_unexpected(std::move(status).error());
    }
  }
  if (question.checkpoints.empty()) return survey;
  const auto committed = ask_committed(asker, question.topic, *count, patience);
  if (!committed) return tl::make_unexpected(committed.error());
  for (const std::int32_t partition : question.checkpoints) {
    if (partition >= *count) continue;
    survey.checkpoints[partition] = committed->at(static_cast<std::size_t>(partition)).offset;
  }
  return survey;
}

}  // namespace hubferry::kafka

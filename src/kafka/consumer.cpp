#include "kafka/consumer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "kafka/consumer_client.h"
#include "kafka/direct_consumer.h"
#include "kafka/group_member.h"

namespace hubferry::kafka {
namespace {

Status check(const Consumer::Options& options) {
  const std::string& topic = options.topic;
  if (topic.empty() || topic.front() == '^') {
    return fail(ErrorCode::kInvalid, fmt::format("kafka topic \"{}\": a name is needed, not a pattern", topic));
  }
  if (options.group.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("kafka topic {}: a group is needed, it keeps the checkpoints", topic));
  }
  if (!options.direct()) return {};
  if (!options.group_instance_id.empty()) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("kafka topic {}: a direct consumer is no member of its group, group.instance.id is not for it",
                    topic));
  }
  const auto least = std::min_element(options.partitions.begin(), options.partitions.end());
  if ((options.all && !options.partitions.empty()) || (least != options.partitions.end() && *least < 0)) {
    return fail(ErrorCode::kInvalid, fmt::format("kafka topic {}: name partitions from 0 on, or take all", topic));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Consumer>> Consumer::create(const Properties& properties, const Options& options) {
  if (Status status = check(options); !status) return tl::make_unexpected(std::move(status).error());
  const std::string where = fmt::format("group {} topic {}", options.group, options.topic);
  auto client = make_consumer_client(properties, options, where);
  if (!client) return tl::make_unexpected(std::move(client).error());
  if (options.direct()) {
    return std::make_unique<DirectConsumer>(std::move(*client), properties, options, where);
  }
  auto member = std::make_unique<GroupMember>(std::move(*client), options.topic, where);
  if (Status status = member->subscribe(); !status) return tl::make_unexpected(std::move(status).error());
  return member;
}

}  // namespace hubferry::kafka

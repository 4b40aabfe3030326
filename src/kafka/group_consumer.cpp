#include "kafka/group_consumer.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/fmt/fmt.h>

#include "kafka/configuration.h"
#include "kafka/group_member.h"

namespace hubferry::kafka {

Result<std::unique_ptr<GroupConsumer>> GroupConsumer::create(const Properties& properties, const std::string& group,
                                                             const std::string& topic) {
  if (topic.empty() || topic.front() == '^') {
    return fail(ErrorCode::kInvalid, fmt::format("kafka topic \"{}\": a name is needed, not a pattern", topic));
  }
  const ClientSettings settings{
      {},
      {{"group.id", group},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"enable.partition.eof", "false"},
       {"auto.offset.reset", "earliest"},
       {"partition.assignment.strategy", "cooperative-sticky"}},
      RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS,
  };
  auto client = std::make_unique<MemberClient>(fmt::format("group {} topic {}", group, topic));
  auto configuration = make_configuration(properties, settings, &client->log);
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());

  // Created twice: the first one only shows that the configuration is good, see JoinWatch::install().
  std::string reason;
  client->consumer.reset(RdKafka::KafkaConsumer::create(configuration->get(), reason));
  if (client->consumer) {
    client->joins.install(**configuration);
    client->consumer.reset(RdKafka::KafkaConsumer::create(configuration->get(), reason));
  }
  if (!client->consumer) {
    return fail(ErrorCode::kInvalid, fmt::format("kafka consumer of group {} topic {}: {}", group, topic, reason));
  }
  auto member = std::make_unique<GroupMember>(std::move(client), group, topic);
  if (Status status = member->subscribe(); !status) return tl::make_unexpected(std::move(status).error());
  return member;
}

}  // namespace hubferry::kafka

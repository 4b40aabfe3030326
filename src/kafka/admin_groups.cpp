#include <librdkafka/rdkafka.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "kafka/admin_call.h"
#include "kafka/cluster_admin.h"
#include "kafka/configuration.h"
#include "kafka/partition_list.h"
#include "kafka/positions.h"

// Groups and their checkpoints, for operators.

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kAskAgain{250};

// A client with the group's name that does not join it.
Result<std::unique_ptr<RdKafka::KafkaConsumer>> outsider(Properties properties, const std::string& group,
                                                         ClientLog& log) {
  properties.erase("group.instance.id");
  const ClientSettings settings{{}, {{"group.id", group}, {"enable.auto.commit", "false"}}, 0};
  auto configuration = make_configuration(properties, settings, &log);
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());
  std::string reason;
  std::unique_ptr<RdKafka::KafkaConsumer> client(RdKafka::KafkaConsumer::create(configuration->get(), reason));
  if (!client) return fail(ErrorCode::kInvalid, fmt::format("kafka client for group {}: {}", group, reason));
  return client;
}

Admin::Member member_of(const rd_kafka_MemberDescription_t& told, const std::string& topic) {
  const char* instance = rd_kafka_MemberDescription_group_instance_id(&told);
  Admin::Member member{rd_kafka_MemberDescription_consumer_id(&told),
                       rd_kafka_MemberDescription_client_id(&told),
                       rd_kafka_MemberDescription_host(&told),
                       instance == nullptr ? "" : instance,
                       {}};
  const rd_kafka_MemberAssignment_t* assignment = rd_kafka_MemberDescription_assignment(&told);
  const rd_kafka_topic_partition_list_t* list =
      assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    if (list->elems[i].topic == topic) member.partitions.push_back(list->elems[i].partition);
  }
  std::sort(member.partitions.begin(), member.partitions.end());
  return member;
}

Result<Admin::Group> group_of(rd_kafka_event_t& event, const std::string& topic, const AdminCall& call) {
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConsumerGroups_result(&event);
  const auto* const* answers = rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
  if (count != 1) return tl::make_unexpected(call.error(RD_KAFKA_RESP_ERR__BAD_MSG, "no group was told"));
  if (const rd_kafka_error_t* error = rd_kafka_ConsumerGroupDescription_error(answers[0])) {
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return Admin::Group{"Dead", {}, {}};
    return tl::make_unexpected(call.error(code, rd_kafka_error_string(error)));
  }
  Admin::Group described{rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(answers[0])),
                         rd_kafka_ConsumerGroupDescription_partition_assignor(answers[0]),
                         {}};
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(answers[0]); ++i) {
    described.members.push_back(member_of(*rd_kafka_ConsumerGroupDescription_member(answers[0], i), topic));
  }
  return described;
}

}  // namespace

Result<Admin::Group> ClusterAdmin::describe_group(const std::string& group, const std::string& topic,
                                                  Milliseconds timeout) {
  const Instant deadline = SteadyClock::now() + timeout;
  auto described = ask_group(group, topic, timeout);
  if (described || described.error().code != ErrorCode::kUnavailable) return described;
  // A client with the group's name makes a new cluster provide for coordinators.
  const auto client = outsider(properties_, group, *log_);
  if (!client) return tl::make_unexpected(client.error());
  while (!described && described.error().code == ErrorCode::kUnavailable && deadline - SteadyClock::now() > kAskAgain) {
    std::this_thread::sleep_for(kAskAgain);
    described = ask_group(group, topic, std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now()));
  }
  return described;
}

// Asks every broker, and the group's coordinator answers. Letting librdkafka find the coordinator is not safe (2.0.2 to
// 2.8 at least): it uses freed memory when that broker does not know the request or is found only after the timeout,
// and asks a coordinator of old for minutes after the group has moved.
Result<Admin::Group> ClusterAdmin::ask_group(const std::string& group, const std::string& topic, Milliseconds timeout) {
  const std::string where = fmt::format("describing group {}", group);
  const auto brokers = ask_brokers(topic, where, timeout);
  if (!brokers) return tl::make_unexpected(brokers.error());
  AdminCall call(handle_, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, where, timeout);
  std::array<const char*, 1> names{group.c_str()};
  for (const std::int32_t broker : *brokers) {
    call.set_broker(broker);
    rd_kafka_DescribeConsumerGroups(handle_, names.data(), names.size(), call.options(), call.queue());
  }
  Error failure = call.error(RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, nullptr);
  for (std::size_t i = 0; i < brokers->size(); ++i) {
    const auto event = call.wait();
    auto described = event ? group_of(**event, topic, call) : tl::make_unexpected(event.error());
    if (described) return described;
    if (described.error().code != ErrorCode::kUnavailable) failure = described.error();
  }
  return tl::make_unexpected(explained(std::move(failure)));
}

Result<std::vector<std::int32_t>> ClusterAdmin::ask_brokers(const std::string& topic, const std::string& where,
                                                            Milliseconds timeout) {
  const auto metadata = ask_metadata(topic, where, timeout);
  if (!metadata) return tl::make_unexpected(metadata.error());
  std::vector<std::int32_t> brokers;
  for (int i = 0; i < (*metadata)->broker_cnt; ++i) brokers.push_back((*metadata)->brokers[i].id);
  return brokers;
}

Result<std::vector<PartitionPosition>> ClusterAdmin::positions(const std::string& group, const std::string& topic,
                                                               std::optional<std::int64_t> timestamp_ms,
                                                               Milliseconds timeout) {
  const auto client = outsider(properties_, group, *log_);
  if (!client) return tl::make_unexpected(client.error());
  auto positions = ask_positions(*(*client)->c_ptr(), topic, timestamp_ms,
                                 {.deadline = SteadyClock::now() + timeout, .longest_call = timeout});
  if (!positions) return tl::make_unexpected(explained(positions.error()));
  return positions;
}

Status ClusterAdmin::set_committed(const std::string& group, const std::string& topic,
                                   const std::vector<PartitionOffset>& offsets, Milliseconds timeout) {
  if (offsets.empty()) return {};
  const Instant deadline = SteadyClock::now() + timeout;
  const std::string where = fmt::format("setting checkpoints of group {} topic {}", group, topic);
  const auto described = describe_group(group, topic, timeout);
  if (!described && described.error().code != ErrorCode::kInvalid) return tl::make_unexpected(described.error());
  // Where groups cannot be described, the broker's own refusal must do.
  if (described && !described->members.empty()) {
    return tl::make_unexpected(
        admin_error(RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, where,
                    fmt::format("{} member(s), the first is {} at {}", described->members.size(),
                                described->members.front().client_id, described->members.front().host)));
  }

  const auto client = outsider(properties_, group, *log_);
  if (!client) return tl::make_unexpected(client.error());
  const QueuePtr answers(rd_kafka_queue_new((*client)->c_ptr()));
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const PartitionOffset& offset : offsets) add_offset(*list, topic, offset);
  rd_kafka_resp_err_t code = rd_kafka_commit_queue((*client)->c_ptr(), list.get(), answers.get(), nullptr, nullptr);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::make_unexpected(admin_error(code, where, ""));
  const auto left = std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now());
  const EventPtr event(
      rd_kafka_queue_poll(answers.get(), static_cast<int>(std::max<Milliseconds::rep>(left.count(), 1))));
  if (!event) return tl::make_unexpected(explained(admin_error(RD_KAFKA_RESP_ERR__TIMED_OUT, where, "")));
  code = rd_kafka_event_error(event.get());
  const rd_kafka_topic_partition_list_t* committed = rd_kafka_event_topic_partition_list(event.get());
  for (int i = 0; committed != nullptr && i < committed->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = committed->elems[i];
    if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return tl::make_unexpected(admin_error(entry.err, fmt::format("{} partition {}", where, entry.partition), ""));
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::make_unexpected(explained(admin_error(code, where, "")));
  return {};
}

}  // namespace hubferry::kafka

#include "kafka/admin.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "kafka/admin_call.h"
#include "kafka/cluster_admin.h"
#include "kafka/configuration.h"
#include "kafka/error_class.h"
#include "kafka/topic_config.h"

namespace hubferry::kafka {
namespace {

using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>>;
using NewPartitionsPtr = std::unique_ptr<rd_kafka_NewPartitions_t, Destroy<rd_kafka_NewPartitions_destroy>>;

constexpr const char* kCreateHelp =
    "the credentials need the right to manage, and some clusters take new topics only from their own tools (Event "
    "Hubs: "
    "az eventhubs eventhub create)";
constexpr const char* kGrowHelp =
    "the count can only grow; on Event Hubs this needs the Premium or Dedicated tier and the right to manage";

std::vector<std::int32_t> ids(const std::int32_t* first, int count) {
  return {first, first + count};
}

int milliseconds(Milliseconds timeout) {
  return static_cast<int>(std::clamp<Milliseconds::rep>(timeout.count(), 1, 3'600'000));
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::create(const Properties& properties) {
  auto log = std::make_unique<ClientLog>("administration");
  ClientSettings settings;
  settings.events = RD_KAFKA_EVENT_ERROR;
  auto configuration = make_configuration(properties, settings, log.get());
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());
  std::string reason;
  std::unique_ptr<RdKafka::Consumer> client(RdKafka::Consumer::create(configuration->get(), reason));
  if (!client) return fail(ErrorCode::kInvalid, fmt::format("kafka client: {}", reason));
  return std::make_unique<ClusterAdmin>(properties, std::move(log), std::move(client));
}

ClusterAdmin::ClusterAdmin(Properties properties, std::unique_ptr<ClientLog> log,
                           std::unique_ptr<RdKafka::Consumer> client)
    : properties_(std::move(properties)),
      log_(std::move(log)),
      client_(std::move(client)),
      handle_(client_->c_ptr()),
      events_(rd_kafka_queue_get_main(handle_)) {}

Error ClusterAdmin::explained(Error error) {
  while (const EventPtr event{rd_kafka_queue_poll(events_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
      trouble_ = make_error(code, "last seen", rd_kafka_event_error_string(event.get())).message;
    }
  }
  const bool unanswered = error.code == ErrorCode::kTimeout || error.code == ErrorCode::kUnavailable;
  if (unanswered && !trouble_.empty()) error.message += fmt::format("; {}", trouble_);
  return error;
}

Result<MetadataPtr> ClusterAdmin::ask_metadata(const std::string& topic, const std::string& where,
                                               Milliseconds timeout) {
  const TopicPtr handle(rd_kafka_topic_new(handle_, topic.c_str(), nullptr));
  if (!handle) return tl::make_unexpected(admin_error(rd_kafka_last_error(), where, ""));
  const rd_kafka_metadata_t* answer = nullptr;
  const rd_kafka_resp_err_t code = rd_kafka_metadata(handle_, 0, handle.get(), &answer, milliseconds(timeout));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::make_unexpected(explained(admin_error(code, where, "")));
  return MetadataPtr(answer);
}

Result<std::vector<Admin::Partition>> ClusterAdmin::describe_topic(const std::string& topic, Milliseconds timeout) {
  const std::string where = fmt::format("describing topic {}", topic);
  const auto metadata = ask_metadata(topic, where, timeout);
  if (!metadata) return tl::make_unexpected(metadata.error());
  const rd_kafka_resp_err_t code =
      (*metadata)->topic_cnt == 1 ? (*metadata)->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::make_unexpected(explained(admin_error(code, where, "")));

  const rd_kafka_metadata_topic_t& found = (*metadata)->topics[0];
  std::vector<Partition> partitions(static_cast<std::size_t>(found.partition_cnt));
  for (int i = 0; i < found.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& told = found.partitions[i];
    const auto index = static_cast<std::size_t>(told.id);
    if (index >= partitions.size()) {
      return fail(ErrorCode::kUnavailable, fmt::format("{}: some partitions were not told, try again", where),
                  Disposition::kRetry);
    }
    partitions[index] = {told.leader, ids(told.replicas, told.replica_cnt), ids(told.isrs, told.isr_cnt)};
  }
  return partitions;
}

Result<std::map<std::string, std::string>> ClusterAdmin::topic_config(const std::string& topic, Milliseconds timeout) {
  return ask_topic_config(*handle_, topic, std::nullopt, timeout).map_error([this](Error error) {
    return explained(std::move(error));
  });
}

Status ClusterAdmin::create_topic(const NewTopic& topic, Milliseconds timeout) {
  const std::string where = fmt::format("creating topic {}", topic.name);
  if (topic.partitions < 1 || topic.replication == 0) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {} partitions with {} replicas make no topic", where,
                                                 topic.partitions, topic.replication));
  }
  AdminCall call(handle_, RD_KAFKA_ADMIN_OP_CREATETOPICS, where, timeout);
  std::array<char, 512> reason{};
  const NewTopicPtr request(
      rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication, reason.data(), reason.size()));
  if (!request) return fail(ErrorCode::kInvalid, fmt::format("{}: {}", where, reason.data()));
  for (const auto& [name, value] : topic.config) {
    rd_kafka_NewTopic_set_config(request.get(), name.c_str(), value.c_str());
  }
  std::array requests{request.get()};
  rd_kafka_CreateTopics(handle_, requests.data(), requests.size(), call.options(), call.queue());
  const auto event = call.wait(kCreateHelp);
  if (!event) return tl::make_unexpected(explained(event.error()));

  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(event->get());
  const auto* const* answers = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(answers[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return tl::make_unexpected(
        explained(call.error(code, rd_kafka_topic_result_error_string(answers[i]), kCreateHelp)));
  }
  return {};
}

Status ClusterAdmin::add_partitions(const std::string& topic, std::int32_t total, Milliseconds timeout) {
  const std::string where = fmt::format("growing topic {} to {} partitions", topic, total);
  AdminCall call(handle_, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, where, timeout);
  std::array<char, 512> reason{};
  const NewPartitionsPtr request(rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(std::max(total, 0)),
                                                            reason.data(), reason.size()));
  if (!request) return fail(ErrorCode::kInvalid, fmt::format("{}: {}", where, reason.data()));
  std::array requests{request.get()};
  rd_kafka_CreatePartitions(handle_, requests.data(), requests.size(), call.options(), call.queue());
  const auto event = call.wait(kGrowHelp);
  if (!event) return tl::make_unexpected(explained(event.error()));

  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreatePartitions_result(event->get());
  const auto* const* answers = rd_kafka_CreatePartitions_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(answers[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return tl::make_unexpected(explained(call.error(code, rd_kafka_topic_result_error_string(answers[i]), kGrowHelp)));
  }
  return {};
}

}  // namespace hubferry::kafka

#include "kafka/consumer_client.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <future>
#include <thread>
#include <utility>

#include "kafka/configuration.h"
#include "kafka/handles.h"
#include "kafka/refill.h"

namespace hubferry::kafka {
namespace {

ClientSettings settings_of(const Consumer::Options& options) {
  ClientSettings settings{
      {},
      {{"group.id", options.group},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"enable.partition.eof", "false"},
       {"auto.offset.reset", "error"},
       {"partition.assignment.strategy", "cooperative-sticky"}},
      RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS,
  };
  Refill::configure(settings.defaults);
  if (!options.direct()) settings.events |= RD_KAFKA_EVENT_REBALANCE;
  if (options.direct()) settings.fixed["group.instance.id"] = "";
  if (!options.group_instance_id.empty()) settings.fixed["group.instance.id"] = options.group_instance_id;
  return settings;
}

Result<std::unique_ptr<RdKafka::KafkaConsumer>> make_asker(Properties properties, const Consumer::Options& options,
                                                           ClientLog& log) {
  properties.erase("group.instance.id");
  const ClientSettings settings{
      {}, {{"group.id", options.group}, {"enable.auto.commit", "false"}, {"statistics.interval.ms", "0"}}, 0};
  auto configuration = make_configuration(properties, settings, &log);
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());
  std::string reason;
  std::unique_ptr<RdKafka::KafkaConsumer> asker(RdKafka::KafkaConsumer::create(configuration->get(), reason));
  if (!asker) return fail(ErrorCode::kInvalid, fmt::format("kafka client for group {}: {}", options.group, reason));
  return asker;
}

}  // namespace

Result<std::shared_ptr<ConsumerClient>> make_consumer_client(const Properties& properties,
                                                             const Consumer::Options& options,
                                                             const std::string& where) {
  auto client = std::make_shared<ConsumerClient>(where);
  auto configuration = make_configuration(properties, settings_of(options), &client->log);
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());

  std::string reason;
  client->consumer.reset(RdKafka::KafkaConsumer::create(configuration->get(), reason));
  if (client->consumer && !options.direct()) {
    // Created twice: the first one only shows that the configuration is good, see JoinWatch::install().
    if (Status status = client->joins.install(**configuration, client->log); !status) {
      return tl::make_unexpected(std::move(status).error());
    }
    client->consumer.reset(RdKafka::KafkaConsumer::create(configuration->get(), reason));
  }
  if (!client->consumer) return fail(ErrorCode::kInvalid, fmt::format("kafka consumer of {}: {}", where, reason));
  auto asker = make_asker(properties, options, client->log);
  if (!asker) return tl::make_unexpected(std::move(asker).error());
  client->asker = std::move(*asker);
  client->look_up.emplace(client->bell, *client->asker->c_ptr(), options.topic);
  return client;
}

void serve_asker(ConsumerClient& client) {
  while (const MessagePtr event{rd_kafka_consumer_poll(client.asker->c_ptr(), 0)}) continue;
}

void end_client(const std::shared_ptr<ConsumerClient>& client, const std::string& where) {
  client->look_up->request_stop();
  client->survey.request_stop();
  std::packaged_task<void()> task([client] {
    client->look_up->join();
    client->survey.join();
    client->asker.reset();
    client->consumer.reset();
  });
  const std::future<void> ended = task.get_future();
  std::thread thread(std::move(task));
  if (ended.wait_for(kLeaveWait) == std::future_status::ready) {
    thread.join();
    return;
  }
  client->log.silence();
  thread.detach();
  spdlog::warn("kafka {}: the client does not end, it is left behind (librdkafka {})", where, rd_kafka_version_str());
}

void abandon_client(std::shared_ptr<ConsumerClient> client) {
  client->look_up->request_stop();
  client->survey.request_stop();
  client->log.silence();
  static auto* left_behind = new std::vector<std::shared_ptr<ConsumerClient>>;  // never destroyed
  left_behind->push_back(std::move(client));
}

}  // namespace hubferry::kafka

#include "kafka/simple_client.h"

#include <spdlog/fmt/fmt.h>

namespace hubferry::kafka {

Result<SimpleClient> SimpleClient::create(const Properties& properties, const ClientSettings& settings,
                                          const std::string& topic, const std::string& name) {
  SimpleClient client;
  client.log = std::make_unique<ClientLog>(fmt::format("{} of topic {}", name, topic));
  auto configuration = make_configuration(properties, settings, client.log.get());
  if (!configuration) return tl::make_unexpected(std::move(configuration).error());
  std::string reason;
  client.consumer.reset(RdKafka::Consumer::create(configuration->get(), reason));
  if (!client.consumer) return fail(ErrorCode::kInvalid, fmt::format("kafka reader of topic {}: {}", topic, reason));
  client.topic.reset(RdKafka::Topic::create(client.consumer.get(), topic, nullptr, reason));
  if (!client.topic) return fail(ErrorCode::kInvalid, fmt::format("kafka topic {}: {}", topic, reason));
  return client;
}

}  // namespace hubferry::kafka

#include "kafka/topic_config.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <memory>

#include "kafka/admin_call.h"
#include "kafka/handles.h"

namespace hubferry::kafka {
namespace {

using ConfigResourcePtr = std::unique_ptr<rd_kafka_ConfigResource_t, Destroy<rd_kafka_ConfigResource_destroy>>;

}  // namespace

Result<std::map<std::string, std::string>> ask_topic_config(rd_kafka_t& client, const std::string& topic,
                                                            std::optional<std::int32_t> broker, Milliseconds timeout) {
  AdminCall call(&client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, fmt::format("settings of topic {}", topic), timeout);
  if (broker) call.set_broker(*broker);
  const ConfigResourcePtr resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  std::array resources{resource.get()};
  rd_kafka_DescribeConfigs(&client, resources.data(), resources.size(), call.options(), call.queue());
  const auto event = call.wait();
  if (!event) return tl::make_unexpected(event.error());

  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event->get());
  const auto* const* answers = rd_kafka_DescribeConfigs_result_resources(result, &count);
  std::map<std::string, std::string> config;
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(answers[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return tl::make_unexpected(call.error(code, rd_kafka_ConfigResource_error_string(answers[i])));
    }
    std::size_t entries = 0;
    const auto* const* list = rd_kafka_ConfigResource_configs(answers[i], &entries);
    for (std::size_t e = 0; e < entries; ++e) {
      const char* value = rd_kafka_ConfigEntry_value(list[e]);
      if (value != nullptr) config.emplace(rd_kafka_ConfigEntry_name(list[e]), value);
    }
  }
  return config;
}

}  // namespace hubferry::kafka

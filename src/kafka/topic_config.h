#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace hubferry::kafka {

// The settings of a topic, as `broker` tells them; none: the controller. Blocks up to `timeout` and a second. Errors as
// of admin_error(): kInvalid also when the cluster does not tell (these credentials).
Result<std::map<std::string, std::string>> ask_topic_config(rd_kafka_t& client, const std::string& topic,
                                                            std::optional<std::int32_t> broker, Milliseconds timeout);

}  // namespace hubferry::kafka

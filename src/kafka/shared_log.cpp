#include "kafka/shared_log.h"

#include <utility>

#include "kafka/topic_log.h"

namespace hubferry::kafka {

Result<std::unique_ptr<SharedLog>> SharedLog::create(const Properties& consumer, const Properties& producer,
                                                     const std::string& topic, const Options& options) {
  auto log = std::make_unique<TopicLog>(consumer, producer, topic, options);
  if (Status status = log->open(); !status) return tl::make_unexpected(std::move(status).error());
  return log;
}

}  // namespace hubferry::kafka

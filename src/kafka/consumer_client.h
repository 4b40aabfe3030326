#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/client_log.h"
#include "kafka/consumer.h"
#include "kafka/join_watch.h"
#include "kafka/look_up.h"
#include "kafka/side_job.h"
#include "kafka/survey.h"
#include "kafka/wakeup.h"

namespace hubferry::kafka {

// How long leaving a group and ending a client wait for librdkafka: it can hang there (a rebalance that arrives at that
// moment before 2.4; a topic that was deleted before 2.6.1).
inline constexpr Milliseconds kLeaveWait{5'000};

// What one client needs to live, in the order in which it may die. Shared with the thread that ends it.
struct ConsumerClient {
  explicit ConsumerClient(std::string name) : log(std::move(name)) {}

  ClientLog log;
  Wakeup bell;
  JoinWatch joins{bell};
  std::unique_ptr<RdKafka::KafkaConsumer> consumer;
  // Asks for positions, under the group's name but not as its member. On the connections of `consumer` a question waits
  // behind its fetch (fetch.wait.max.ms, or as long as it is throttled) or behind its JoinGroup.
  std::unique_ptr<RdKafka::KafkaConsumer> asker;
  // Both call these clients.
  std::optional<LookUp> look_up;
  SideJob<Result<Survey>> survey{bell};
};

// `where` names the client in log lines and errors.
Result<std::shared_ptr<ConsumerClient>> make_consumer_client(const Properties& properties,
                                                             const Consumer::Options& options,
                                                             const std::string& where);

// Serves what nobody waits for: the asker's connection errors. Polling thread, now and then.
void serve_asker(ConsumerClient& client);

// Ends the client, which joins its threads. If that hangs for kLeaveWait, the client is left to a detached thread: a
// process that ends must not wait for ever, and one that goes on has lost a client that can do nothing any more.
void end_client(const std::shared_ptr<ConsumerClient>& client, const std::string& where);

// For a client that librdkafka cannot end in its present state. It is never destroyed.
void abandon_client(std::shared_ptr<ConsumerClient> client);

}  // namespace hubferry::kafka

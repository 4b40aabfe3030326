#include "config/kafka_properties.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hubferry::config {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// CONFIGURATION.md: "Alias for ...".
constexpr std::array<Pair, 10> kAliases{{
    {"metadata.broker.list", "bootstrap.servers"},
    {"sasl.mechanisms", "sasl.mechanism"},
    {"max.in.flight", "max.in.flight.requests.per.connection"},
    {"queue.buffering.max.ms", "linger.ms"},
    {"message.send.max.retries", "retries"},
    {"compression.codec", "compression.type"},
    {"max.partition.fetch.bytes", "fetch.message.max.bytes"},
    {"request.required.acks", "acks"},
    {"delivery.timeout.ms", "message.timeout.ms"},
    {"auto.commit.enable", "enable.auto.commit"},
}};

// CONFIGURATION.md of 2.0.2, column C/P, and names that came later. Managed ones are missing: they never get here.
constexpr std::array<std::string_view, 15> kProducerOnly{
    "batch.num.messages",
    "batch.size",
    "compression.level",
    "compression.type",
    "linger.ms",
    "produce.offset.report",
    "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "request.timeout.ms",
    "retries",
    "retry.backoff.ms",  // for both kinds since 2.3.0; 2.0.2's consumer warns
    "sticky.partitioning.linger.ms",
    "transaction.timeout.ms",
    "transactional.id",
};
constexpr std::array<std::string_view, 19> kConsumerOnly{
    "check.crcs",
    "consume.callback.max.messages",
    "coordinator.query.interval.ms",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "max.poll.interval.ms",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "session.timeout.ms",
};

constexpr std::string_view kCheckpoints =
    "the daemon commits offsets itself, after the event succeeded; anything else could lose events";
constexpr std::string_view kDurability =
    "the daemon always sends idempotently with acks=all and never lets an event expire; anything else could lose or "
    "reorder events";
constexpr std::string_view kReports = "the daemon needs every delivery report to release its spool";
constexpr std::string_view kPartitioning = "the daemon chooses the partition itself: use partitioner in [produce.NAME]";
constexpr std::string_view kTransactions = "the daemon does not use transactions";
constexpr std::string_view kCallbacks = "the daemon sets its own callbacks and events";

constexpr std::array<Pair, 27> kManaged{{
    {"enable.auto.commit", kCheckpoints},
    {"auto.commit.interval.ms", kCheckpoints},
    {"enable.auto.offset.store", kCheckpoints},
    {"offset.store.method", kCheckpoints},
    {"offset.store.path", kCheckpoints},
    {"offset.store.sync.interval.ms", kCheckpoints},
    {"enable.partition.eof", "the daemon needs no end-of-partition events"},
    {"auto.offset.reset", "it is always earliest: a partition that appears later must be read from its first event"},
    {"group.id", "each consume route has its own: use group in [consume.NAME]"},
    {"group.protocol.type", "it is always consumer"},
    {"partition.assignment.strategy",
     "it is always cooperative-sticky: other partitions must not pause while some move"},
    {"enable.idempotence", kDurability},
    {"enable.gapless.guarantee", kDurability},
    {"acks", kDurability},
    {"message.timeout.ms", kDurability},
    {"queuing.strategy", kDurability},
    {"delivery.report.only.error", kReports},
    {"partitioner", kPartitioning},
    {"transactional.id", kTransactions},
    {"transaction.timeout.ms", kTransactions},
    {"enabled_events", kCallbacks},
    {"log.queue", kCallbacks},
    {"opaque", kCallbacks},
    {"interceptors", kCallbacks},
    {"default_topic_conf", kCallbacks},
    {"internal.termination.signal", "signals belong to the daemon's own shutdown"},
    {"test.mock.num.brokers", "use --embedded-broker"},
}};

constexpr std::array<std::string_view, 11> kSecrets{
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.jaas.config",
    "ssl.key",
    "ssl.keystore.key",
};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

ClientKind client_kind(std::string_view property) {
  if (contains(kProducerOnly, property)) return ClientKind::kProducer;
  return contains(kConsumerOnly, property) ? ClientKind::kConsumer : ClientKind::kBoth;
}

std::string canonical_property(std::string_view property) {
  const auto alias = std::find_if(kAliases.begin(), kAliases.end(), [&](const Pair& p) { return p.first == property; });
  return std::string(alias == kAliases.end() ? property : alias->second);
}

std::optional<std::string_view> managed_property(std::string_view property) {
  const std::string name = canonical_property(property);
  const auto managed = std::find_if(kManaged.begin(), kManaged.end(), [&](const Pair& p) { return p.first == name; });
  if (managed != kManaged.end()) return managed->second;
  if (name.ends_with("_cb") || name.starts_with("ssl_") || name == "msg_order_cmp") return kCallbacks;
  return std::nullopt;
}

bool is_secret_property(std::string_view property) {
  if (contains(kSecrets, property)) return true;
  for (const char* part : {"pas", "pwd", "secret", "credential", "key.pem", "jaas"}) {
    if (property.find(part) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace hubferry::config

#include "config/client_defaults.h"

#include <array>

namespace hubferry::config {
namespace {

// "measured": with librdkafka 2.0.2 against Apache Kafka 4.2.0, unless it says otherwise.
constexpr std::array<ClientDefault, 13> kDefaults{{
    {"client.id", "hubferry", "brokers' logs and quotas show it"},
    {"topic.metadata.refresh.interval.ms", "60000",
     "growth is noticed on this tick: consumers of librdkafka 2.0.2 rejoin only on it, not on metadata.max.age.ms"},
    {"metadata.max.age.ms", "180000", "librdkafka's own relation: three times the refresh interval"},
    {"reconnect.backoff.max.ms", "500",
     "after a broker's kill -9 events flowed again after 13.3 s, with the default 10000 after 29.9 s (measured)"},
    {"socket.keepalive.enable", "true", "a dead peer behind a silent connection is noticed"},
    {"statistics.interval.ms", "2000", "the daemon's sign of life of each client's main thread"},
    {"allow.auto.create.topics", "false", "a misspelt topic must be an error, not a new topic"},
    {"linger.ms", "20", "larger batches: the broker's CPU time falls to a seventh (measured)"},
    {"queue.buffering.max.messages", "10000",
     "batches of 200 B events cost 2.3 CPU seconds per million, with 100000 they cost 4.3 and twice the memory; the "
     "rate "
     "stayed (measured, tests/benchmark). With linger.ms 20 and 20 ms to the broker it bounds a route at 250,000/s"},
    {"fetch.message.max.bytes", "131072",
     "per partition and fetch: small fetches let more keys be seen at a time; 64 to 256 KiB were best (measured)"},
    {"fetch.wait.max.ms", "100",
     "one fetch at a time: while it waits at partitions without new events, those with a backlog wait for it"},
    {"queued.max.messages.kbytes", "65536",
     "per partition queue: with a small limit librdkafka stalls after its queue was full (measured)"},
    {"queued.min.messages", "20000",
     "per partition queue: librdkafka's default of 100000 takes 40 MB for each partition with a backlog of small "
     "events"},
}};

constexpr std::array<ClientDefault, 2> kEmbeddedBroker{{
    {"session.timeout.ms", "6000", "the embedded broker's rebalances wait for this less 1 s"},
    {"heartbeat.interval.ms", "500", "members learn of a rebalance by the answer to a heartbeat"},
}};

constexpr std::array<ClientLimit, 3> kLimits{{
    {"topic.metadata.refresh.interval.ms", {10, 3'600'000}, "without the refresh added partitions are never noticed"},
    {"metadata.max.age.ms", {10, 86'400'000}, "librdkafka's range"},
    {"statistics.interval.ms", {1'000, 60'000}, "the daemon tells from it whether the client's main thread is alive"},
}};

}  // namespace

std::span<const ClientDefault> client_defaults() {
  return kDefaults;
}
std::span<const ClientDefault> embedded_broker_defaults() {
  return kEmbeddedBroker;
}
std::span<const ClientLimit> client_limits() {
  return kLimits;
}

}  // namespace hubferry::config

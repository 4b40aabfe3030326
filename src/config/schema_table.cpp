#include <array>

#include "config/schema.h"

namespace hubferry::config {
namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = kKiB * 1024;
constexpr std::int64_t kGiB = kMiB * 1024;

std::uint64_t unsigned_of(const Value& value) {
  return static_cast<std::uint64_t>(value.number);
}
std::uint32_t small(const Value& value) {
  return static_cast<std::uint32_t>(value.number);
}
std::chrono::milliseconds duration(const Value& value) {
  return std::chrono::milliseconds(value.number);
}
std::set<std::string> words(const Value& value) {
  const auto list = split_list(value.text);
  return {list.begin(), list.end()};
}

using T = const Target&;
using V = const Value&;
// clang-format off
constexpr std::array<Key, 46> kKeys{{
    {"log", "level", Kind::kChoice, "info", Use::kOptional, {}, "trace|debug|info|warn|error",
     "Messages of this level and above are written to standard error.",
     [](T t, V v) { t.settings->log.level = v.text; }},
    {"log", "format", Kind::kChoice, "text", Use::kOptional, {}, "text|json",
     "Text for people, or one JSON object a line.",
     [](T t, V v) { t.settings->log.format = v.text == "json" ? LogFormat::kJson : LogFormat::kText; }},

    {"ingest", "listen", Kind::kHostPort, "127.0.0.1:8080", Use::kOptional, {}, "",
     "Address of the HTTP server, host:port or [ipv6]:port; port 0 takes a free one.",
     [](T t, V v) { t.settings->ingest.listen = v.text; }},
    {"ingest", "max-body", Kind::kSize, "16MiB", Use::kOptional, {1, kGiB}, "",
     "Largest body of one request.",
     [](T t, V v) { t.settings->ingest.max_body_bytes = unsigned_of(v); }},
    {"ingest", "max-event", Kind::kSize, "1000000", Use::kOptional, {1, 999'000'000}, "",
     "Largest event: key, value and headers together.",
     [](T t, V v) { t.settings->ingest.max_event_bytes = unsigned_of(v); }},
    {"ingest", "max-batch-events", Kind::kCount, "100000", Use::kOptional, {1, 10'000'000}, "",
     "Most events in one request.",
     [](T t, V v) { t.settings->ingest.max_batch_events = small(v); }},
    {"ingest", "max-connections", Kind::kCount, "4096", Use::kOptional, {1, 1'000'000}, "",
     "Most open HTTP connections; more get 503.",
     [](T t, V v) { t.settings->ingest.max_connections = small(v); }},
    {"ingest", "unix-socket", Kind::kFile, "", Use::kOptional, {}, "",
     "Path of a Unix socket to serve besides the address; its file mode (0660) says who may use it.",
     [](T t, V v) { t.settings->ingest.unix_socket = v.text; }},
    {"ingest", "bearer-token-file", Kind::kFile, "", Use::kOptional, {}, "",
     "File with the tokens that requests must show, one a line, each is good; read again when it changes.",
     [](T t, V v) { t.settings->ingest.bearer_token_file = v.text; }},
    {"ingest", "tls.certificate-file", Kind::kFile, "", Use::kOptional, {}, "",
     "PEM certificate chain of the HTTP server: serves HTTPS.",
     [](T t, V v) { t.settings->ingest.tls_certificate_file = v.text; }},
    {"ingest", "tls.key-file", Kind::kFile, "", Use::kOptional, {}, "",
     "PEM private key of the certificate; readable by the daemon only.",
     [](T t, V v) { t.settings->ingest.tls_key_file = v.text; }},
    {"ingest", "tls.client-ca-file", Kind::kFile, "", Use::kOptional, {}, "",
     "PEM certificates of the authorities that clients' certificates must come from (mutual TLS).",
     [](T t, V v) { t.settings->ingest.tls_client_ca_file = v.text; }},
    {"ingest", "allow-anonymous", Kind::kFlag, "false", Use::kOptional, {}, "",
     "Serve other addresses than loopback without token or client certificates.",
     [](T t, V v) { t.settings->ingest.allow_anonymous = v.number != 0; }},
    {"ingest", "header-timeout", Kind::kDuration, "10s", Use::kOptional, {100, kHour}, "",
     "From a request's first byte to the end of its header.",
     [](T t, V v) { t.settings->ingest.header_timeout = duration(v); }},
    {"ingest", "body-timeout", Kind::kDuration, "30s", Use::kOptional, {100, kHour}, "",
     "Longest wait for the next byte of a body.",
     [](T t, V v) { t.settings->ingest.body_timeout = duration(v); }},
    {"ingest", "idle-timeout", Kind::kDuration, "60s", Use::kOptional, {100, kHour}, "",
     "Longest wait for the next request on an open connection.",
     [](T t, V v) { t.settings->ingest.idle_timeout = duration(v); }},

    {"spool", "directory", Kind::kPath, "/var/lib/hubferry/spool", Use::kOptional, {}, "",
     "Where accepted events wait on disk, one folder per produce route.",
     [](T t, V v) { t.settings->spool.directory = v.text; }},

    {"shutdown", "deadline", Kind::kDuration, "25s", Use::kOptional, {100, kHour}, "",
     "From SIGTERM to the end of the process.",
     [](T t, V v) { t.settings->shutdown.deadline = duration(v); }},
    {"shutdown", "grace", Kind::kDuration, "3s", Use::kOptional, {0, kHour}, "",
     "After SIGTERM the daemon is not ready, but accepts this long, until load balancers know.",
     [](T t, V v) { t.settings->shutdown.grace = duration(v); }},

    {"embedded-broker", "enabled", Kind::kFlag, "false", Use::kOptional, {}, "",
     "Run a Kafka broker in this process's memory, to try HubFerry out; same as --embedded-broker.",
     [](T t, V v) { t.settings->embedded_broker.enabled = v.number != 0; }},
    {"embedded-broker", "partitions", Kind::kCount, "4", Use::kOptional, {1, 1'000}, "",
     "Partitions of every topic of the embedded broker.",
     [](T t, V v) { t.settings->embedded_broker.partitions = small(v); }},

    {"event-hubs", "connection-string-file", Kind::kFile, "", Use::kOptional, {}, "",
     "File with the connection string of an Event Hubs namespace; readable by the daemon only.",
     [](T t, V v) { t.event_hubs->connection_string_file = v.text; }},
    {"event-hubs", "connection-string", Kind::kText, "", Use::kEnvironmentOnly, {}, "",
     "The connection string itself; only as HUBFERRY_EVENT_HUBS_CONNECTION_STRING in the environment.",
     [](T t, V v) { t.event_hubs->connection_string = v.text; }},
    {"event-hubs", "accept-outside-range", Kind::kList, "", Use::kOptional, {}, "",
     "librdkafka properties whose value may leave Event Hubs' range, at the operator's risk.",
     [](T t, V v) { t.event_hubs->accept_outside_range = words(v); }},

    {"produce.*", "topic", Kind::kTopic, "", Use::kRequired, {}, "",
     "Topic (event hub) to send to; applications post to /v1/topics/TOPIC/events.",
     [](T t, V v) { t.produce->topic = v.text; }},
    {"produce.*", "key-pointer", Kind::kPointer, "", Use::kOptional, {}, "",
     "JSON pointer to the event's key, for events without X-Event-Key header.",
     [](T t, V v) { t.produce->key_pointer = v.text; }},
    {"produce.*", "partitioner", Kind::kChoice, "murmur2", Use::kOptional, {}, "murmur2|consistent",
     "Partition of a key: murmur2 as the Java client, consistent as librdkafka.",
     [](T t, V v) { t.produce->partitioner = v.text == "murmur2" ? Partitioner::kMurmur2 : Partitioner::kConsistent; }},
    {"produce.*", "spool.max-bytes", Kind::kSize, "10GiB", Use::kOptional, {4 * kKiB, 1'024 * 1'024 * kGiB}, "",
     "Events kept on disk at most; then requests get 503.",
     [](T t, V v) { t.produce->spool_max_bytes = unsigned_of(v); }},
    {"produce.*", "spool.segment-bytes", Kind::kSize, "64MiB", Use::kOptional, {kMiB, 4 * kGiB}, "",
     "Size of one spool file.",
     [](T t, V v) { t.produce->spool_segment_bytes = unsigned_of(v); }},
    {"produce.*", "in-flight-bytes", Kind::kSize, "64MiB", Use::kOptional, {kKiB, 64 * kGiB}, "",
     "Read from the spool and not yet acknowledged by the broker, at most.",
     [](T t, V v) { t.produce->in_flight_bytes = unsigned_of(v); }},
    {"produce.*", "retry.initial", Kind::kDuration, "1s", Use::kOptional, {1, kHour}, "",
     "First wait before a failed producer is rebuilt; doubles, with jitter.",
     [](T t, V v) { t.produce->retry_initial = duration(v); }},
    {"produce.*", "retry.max", Kind::kDuration, "30s", Use::kOptional, {1, kHour}, "",
     "Longest wait before a failed producer is rebuilt.",
     [](T t, V v) { t.produce->retry_max = duration(v); }},
    {"produce.*", "ack.timeout", Kind::kDuration, "10s", Use::kOptional, {1, kHour}, "",
     "Longest wait of a request with ?ack=broker; then it gets 202.",
     [](T t, V v) { t.produce->ack_timeout = duration(v); }},
    {"produce.*", "idempotency.window", Kind::kDuration, "10m", Use::kOptional, {kSecond, 168 * kHour}, "",
     "How long an Idempotency-Key is remembered.",
     [](T t, V v) { t.produce->idempotency_window = duration(v); }},
    {"produce.*", "idempotency.max-keys", Kind::kCount, "1000000", Use::kOptional, {1, 100'000'000}, "",
     "Idempotency-Keys remembered at most; the oldest go first.",
     [](T t, V v) { t.produce->idempotency_max_keys = small(v); }},
    {"produce.*", "reconcile", Kind::kFlag, "true", Use::kOptional, {}, "",
     "After a crash read back from the topic what had landed, and do not send it again.",
     [](T t, V v) { t.produce->reconcile = v.number != 0; }},
    {"produce.*", "reconcile.settle", Kind::kDuration, "2s", Use::kOptional, {0, kHour}, "",
     "How long nothing of the old sending must have arrived before it is sent again.",
     [](T t, V v) { t.produce->reconcile_settle = duration(v); }},
    {"produce.*", "reconcile.max-records", Kind::kCount, "10000000", Use::kOptional, {1, 4'000'000'000}, "",
     "Records read back at most; behind them duplicates are possible.",
     [](T t, V v) { t.produce->reconcile_max_records = unsigned_of(v); }},

    {"consume.*", "topic", Kind::kTopic, "", Use::kRequired, {}, "",
     "Topic (event hub) to read.",
     [](T t, V v) { t.consume->topic = v.text; }},
    {"consume.*", "group", Kind::kGroup, "", Use::kRequired, {}, "",
     "Consumer group that keeps the checkpoints; of its own for each application.",
     [](T t, V v) { t.consume->group = v.text; }},
    {"consume.*", "handler", Kind::kHandler, "", Use::kRequired, {}, "",
     "Receiver of the events: http://host[:port]/path or file:/absolute/path.",
     [](T t, V v) { t.consume->handler = v.text; }},
    {"consume.*", "handler.timeout", Kind::kDuration, "30s", Use::kOptional, {1, kHour}, "",
     "For one delivery, from connect to the whole answer.",
     [](T t, V v) { t.consume->handler_timeout = duration(v); }},
    {"consume.*", "retry.initial", Kind::kDuration, "1s", Use::kOptional, {1, kHour}, "",
     "First wait after a failed delivery; doubles, with jitter.",
     [](T t, V v) { t.consume->retry_initial = duration(v); }},
    {"consume.*", "retry.max", Kind::kDuration, "30s", Use::kOptional, {1, kHour}, "",
     "Longest wait after a failed delivery.",
     [](T t, V v) { t.consume->retry_max = duration(v); }},
    {"consume.*", "revoke.deadline", Kind::kDuration, "5s", Use::kOptional, {0, 300 * kSecond}, "",
     "For work in flight when a partition is given up; what is left is delivered again by the next owner.",
     [](T t, V v) { t.consume->revoke_deadline = duration(v); }},
    {"consume.*", "buffer-events", Kind::kCount, "1000", Use::kOptional, {1, 1'000'000}, "",
     "Events per partition fetched and not yet finished.",
     [](T t, V v) { t.consume->buffer_events = small(v); }},
}};
// clang-format on

}  // namespace

std::span<const Key> schema() {
  return kKeys;
}

}  // namespace hubferry::config

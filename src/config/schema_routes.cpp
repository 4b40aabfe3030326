#include <array>

#include "config/schema_table.h"

namespace hubferry::config {
namespace {

HandlerScheme handler_scheme(std::string_view target) {
  if (target.starts_with("file:")) return HandlerScheme::kFile;
  if (target.starts_with("command:")) return HandlerScheme::kCommand;
  if (target.starts_with("topic:")) return HandlerScheme::kTopic;
  return target.starts_with("discard:") ? HandlerScheme::kDiscard : HandlerScheme::kHttp;
}
HttpFormat http_format(std::string_view word) {
  if (word == "ndjson") return HttpFormat::kNdjson;
  if (word == "json-array") return HttpFormat::kJsonArray;
  return word == "cloudevents" ? HttpFormat::kCloudEvents : HttpFormat::kSingle;
}
Order order_of(std::string_view word) {
  if (word == "partition") return Order::kPartition;
  return word == "none" ? Order::kNone : Order::kKey;
}
StartPosition start_position(const Value& value) {
  if (value.text == "earliest") return {};
  if (value.text == "latest") return {StartPosition::Kind::kLatest, 0};
  return {StartPosition::Kind::kTimestamp, value.number};
}
void direct_partitions(std::string_view text, ConsumeRoute& route) {
  route.all_partitions = text == "all";
  if (route.all_partitions) return;
  for (const std::string& word : split_list(text)) {
    route.partitions.push_back(static_cast<std::int32_t>(parse_integer(word).value_or(0)));
  }
}

using T = const Target&;
using V = const Value&;
// clang-format off
constexpr std::array<Key, 55> kKeys{{
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
     "Receiver: http(s)://host[:port]/path, command:/program argument, file:/path, topic:NAME or discard:",
     [](T t, V v) { t.consume->handler.target = v.text; t.consume->handler.scheme = handler_scheme(v.text); }},
    {"consume.*", "handler.timeout", Kind::kDuration, "30s", Use::kOptional, {1, kHour}, "",
     "For one delivery, from connect to the whole answer.",
     [](T t, V v) { t.consume->handler.timeout = duration(v); }},
    {"consume.*", "handler.connect-timeout", Kind::kDuration, "5s", Use::kOptional, {1, kHour}, "",
     "For a connection to an HTTP handler, TLS included.",
     [](T t, V v) { t.consume->handler.connect_timeout = duration(v); }},
    {"consume.*", "handler.format", Kind::kChoice, "single", Use::kOptional, {}, "single|ndjson|json-array|cloudevents",
     "Body of a request to an HTTP handler: one event, or a batch of events.",
     [](T t, V v) { t.consume->handler.format = http_format(v.text); }},
    {"consume.*", "handler.batch.max-events", Kind::kCount, "500", Use::kOptional, {1, 100'000}, "",
     "Events in one batch at most.",
     [](T t, V v) { t.consume->handler.batch_max_events = small(v); }},
    {"consume.*", "handler.batch.max-bytes", Kind::kSize, "1MiB", Use::kOptional, {1, kGiB}, "",
     "Keys, values and headers in one batch at most; a larger event goes alone.",
     [](T t, V v) { t.consume->handler.batch_max_bytes = unsigned_of(v); }},
    {"consume.*", "handler.batch.wait", Kind::kDuration, "10ms", Use::kOptional, {0, 60 * kSecond}, "",
     "How long a batch waits to fill.",
     [](T t, V v) { t.consume->handler.batch_wait = duration(v); }},
    {"consume.*", "handler.headers", Kind::kHeaders, "", Use::kOptional, {}, "",
     "Header lines for every request to an HTTP handler, separated by semicolons: X-Tenant: a; X-Stage: test",
     [](T t, V v) { t.consume->handler.headers = split_list(v.text, ';'); }},
    {"consume.*", "handler.bearer-token-file", Kind::kFile, "", Use::kOptional, {}, "",
     "File with the token that an HTTP handler is shown; read again when it changes.",
     [](T t, V v) { t.consume->handler.bearer_token_file = v.text; }},
    {"consume.*", "handler.tls.ca-file", Kind::kFile, "", Use::kOptional, {}, "",
     "PEM certificates of the authorities that an https handler's certificate must come from; else the system's.",
     [](T t, V v) { t.consume->handler.tls_ca_file = v.text; }},
    {"consume.*", "handler.tls.certificate-file", Kind::kFile, "", Use::kOptional, {}, "",
     "PEM certificate chain that an https handler is shown (mutual TLS).",
     [](T t, V v) { t.consume->handler.tls_certificate_file = v.text; }},
    {"consume.*", "handler.tls.key-file", Kind::kFile, "", Use::kOptional, {}, "",
     "PEM private key of that certificate; readable by the daemon only.",
     [](T t, V v) { t.consume->handler.tls_key_file = v.text; }},
    {"consume.*", "handler.processes", Kind::kCount, "1", Use::kOptional, {1, 1'000}, "",
     "Processes of a command handler.",
     [](T t, V v) { t.consume->handler.processes = small(v); }},
    {"consume.*", "handler.rotate.max-bytes", Kind::kSize, "0", Use::kOptional, {0, 1'024 * kGiB}, "",
     "A file handler begins a new file when its file is that large; 0: never.",
     [](T t, V v) { t.consume->handler.rotate_bytes = unsigned_of(v); }},
    {"consume.*", "handler.rotate.interval", Kind::kDuration, "0ms", Use::kOptional, {0, 24 * 366 * kHour}, "",
     "A file handler begins a new file when its file is that old; 0ms: never.",
     [](T t, V v) { t.consume->handler.rotate_interval = duration(v); }},
    {"consume.*", "order", Kind::kChoice, "key", Use::kOptional, {}, "key|partition|none",
     "What is delivered one after another: the events of a key, those of a partition, nothing.",
     [](T t, V v) { t.consume->order = order_of(v.text); }},
    {"consume.*", "concurrency", Kind::kCount, "64", Use::kOptional, {1, 10'000}, "",
     "Requests to the handler at once (deliveries, or batches if the handler takes batches), in each instance.",
     [](T t, V v) { t.consume->concurrency = small(v); }},
    {"consume.*", "rate-limit", Kind::kCount, "0", Use::kOptional, {0, 10'000'000}, "",
     "Deliveries a second at most, in each instance; 0: no limit.",
     [](T t, V v) { t.consume->rate_limit = small(v); }},
    {"consume.*", "retry.attempts", Kind::kCount, "3", Use::kOptional, {0, 1'000}, "",
     "Deliveries of an event that fail before it goes to the dead-letter topic; 0: it is tried for ever.",
     [](T t, V v) { t.consume->retry_attempts = small(v); }},
    {"consume.*", "retry.initial", Kind::kDuration, "1s", Use::kOptional, {1, kHour}, "",
     "First wait after a failed delivery; doubles, with jitter.",
     [](T t, V v) { t.consume->retry_initial = duration(v); }},
    {"consume.*", "retry.max", Kind::kDuration, "30s", Use::kOptional, {1, kHour}, "",
     "Longest wait after a failed delivery.",
     [](T t, V v) { t.consume->retry_max = duration(v); }},
    {"consume.*", "dead-letter", Kind::kOptionalTopic, "", Use::kOptional, {}, "",
     "Topic for events that failed for good; without it they are tried for ever.",
     [](T t, V v) { t.consume->dead_letter = v.text; }},
    {"consume.*", "parked-keys", Kind::kFlag, "false", Use::kOptional, {}, "",
     "Later events of a key that has one in the dead-letter topic follow it there, until they are replayed.",
     [](T t, V v) { t.consume->parked_keys = v.number != 0; }},
    {"consume.*", "revoke.deadline", Kind::kDuration, "5s", Use::kOptional, {0, 300 * kSecond}, "",
     "For work in flight when a partition is given up; what is left is delivered again by the next owner.",
     [](T t, V v) { t.consume->revoke_deadline = duration(v); }},
    {"consume.*", "buffer-events", Kind::kCount, "1000", Use::kOptional, {1, 1'000'000}, "",
     "Events per partition fetched and not yet finished.",
     [](T t, V v) { t.consume->buffer_events = small(v); }},
    {"consume.*", "buffer-bytes", Kind::kSize, "64MiB", Use::kOptional, {kKiB, 64 * kGiB}, "",
     "Keys, values and headers of the route's events fetched and not yet finished.",
     [](T t, V v) { t.consume->buffer_bytes = unsigned_of(v); }},
    {"consume.*", "start", Kind::kStart, "earliest", Use::kOptional, {}, "",
     "Where a group without checkpoint begins: earliest, latest, or a time such as 2026-11-21T10:00:00Z.",
     [](T t, V v) { t.consume->start = start_position(v); }},
    {"consume.*", "group-instance-id", Kind::kText, "", Use::kOptional, {}, "",
     "Static membership: a name of its own for each instance, or hostname; empty: dynamic membership.",
     [](T t, V v) { t.consume->group_instance_id = v.text; }},
    {"consume.*", "partitions", Kind::kPartitions, "", Use::kOptional, {}, "",
     "Direct receiver: reads just these partitions (0,2) or all, outside of the group's assignment; empty: a group.",
     [](T t, V v) { direct_partitions(v.text, *t.consume); }},
    {"consume.*", "resends.skip", Kind::kFlag, "true", Use::kOptional, {}, "",
     "Skip and count records that a HubFerry producer has sent twice, as their header hf shows.",
     [](T t, V v) { t.consume->skip_resends = v.number != 0; }},
    {"consume.*", "resends.look-back", Kind::kCount, "1000", Use::kOptional, {0, 1'000'000}, "",
     "Records before the checkpoint read again after an assignment, to know which events were seen.",
     [](T t, V v) { t.consume->resends_look_back = small(v); }},
    {"consume.*", "breaker.enabled", Kind::kFlag, "true", Use::kOptional, {}, "",
     "Stop reading when the handler fails for good too often, instead of dead-lettering one event after another.",
     [](T t, V v) { t.consume->breaker = v.number != 0; }},
    {"consume.*", "breaker.threshold", Kind::kCount, "100", Use::kOptional, {1, 1'000'000}, "",
     "The breaker opens on more events than this that used up their attempts, over all instances...",
     [](T t, V v) { t.consume->breaker_rules.threshold = small(v); }},
    {"consume.*", "breaker.window", Kind::kDuration, "30s", Use::kOptional, {kSecond, kHour}, "",
     "...within this time.",
     [](T t, V v) { t.consume->breaker_rules.window = duration(v); }},
    {"consume.*", "breaker.consecutive", Kind::kCount, "25", Use::kOptional, {0, 1'000'000}, "",
     "It also opens on so many of them in a row without a success, over all instances; 0: never.",
     [](T t, V v) { t.consume->breaker_rules.consecutive = small(v); }},
    {"consume.*", "breaker.unavailable-for", Kind::kDuration, "60s", Use::kOptional, {0, 24 * kHour}, "",
     "It also opens when the handler was not available (no connection, 429, 503) for longer than this; 0ms: never.",
     [](T t, V v) { t.consume->breaker_rules.unavailable_for = duration(v); }},
    {"consume.*", "breaker.quorum", Kind::kCount, "1", Use::kOptional, {1, 1'000}, "",
     "Instances that must see it, as far as there are so many; more than 1 needs control.topic.",
     [](T t, V v) { t.consume->breaker_rules.quorum = small(v); }},
    {"consume.*", "breaker.probe-events", Kind::kCount, "5", Use::kOptional, {1, 1'000}, "",
     "Events that must succeed, one at a time, before a resumed breaker closes.",
     [](T t, V v) { t.consume->breaker_rules.probe_events = small(v); }},
    {"consume.*", "breaker.cool-down", Kind::kDuration, "0ms", Use::kOptional, {0, 24 * kHour}, "",
     "How long an open breaker waits before it is tried by itself; 0ms: a person resumes.",
     [](T t, V v) { t.consume->breaker_rules.cool_down = duration(v); }},
}};
// clang-format on

}  // namespace

std::span<const Key> route_keys() {
  return kKeys;
}

}  // namespace hubferry::config

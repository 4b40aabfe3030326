#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hubferry::config {

// librdkafka properties by their own names, complete: defaults, the Event Hubs profile and the user's kafka.* merged.
using KafkaProperties = std::map<std::string, std::string>;

enum class LogFormat { kText, kJson };
enum class Partitioner {
  kMurmur2,     // the Java client's default for keyed records
  kConsistent,  // librdkafka's `consistent` (CRC32)
};

struct LogSettings {
  std::string level = "info";  // trace, debug, info, warn, error
  LogFormat format = LogFormat::kText;
};

struct IngestSettings {
  std::string listen = "127.0.0.1:8080";            // host:port, [ipv6]:port; port 0 takes a free one
  std::uint64_t max_body_bytes = 16 * 1024 * 1024;  // of one request
  std::uint64_t max_event_bytes = 1'000'000;        // of one event: key + value + headers
  std::uint32_t max_batch_events = 100'000;         // events in one request
  std::uint32_t max_connections = 4096;
  std::filesystem::path unix_socket;                 // listened on besides `listen`; empty: none
  std::filesystem::path bearer_token_file;           // one token a line, each is good; empty: none is asked for
  std::filesystem::path tls_certificate_file;        // PEM chain; empty: plain HTTP
  std::filesystem::path tls_key_file;                // PEM
  std::filesystem::path tls_client_ca_file;          // PEM; clients must show a certificate of it
  bool allow_anonymous = false;                      // on other addresses than loopback, without token and client CA
  std::chrono::milliseconds header_timeout{10'000};  // from a request's first byte to the end of its header
  std::chrono::milliseconds body_timeout{30'000};    // without a byte of the body arriving
  std::chrono::milliseconds idle_timeout{60'000};    // between requests
};

struct SpoolSettings {
  std::filesystem::path directory = "/var/lib/hubferry/spool";  // one folder below it per produce route
};

struct ShutdownSettings {
  std::chrono::milliseconds deadline{25'000};  // from SIGTERM to exit
  std::chrono::milliseconds grace{3'000};      // from SIGTERM on requests are still accepted, though not ready any more
};

struct EmbeddedBrokerSettings {
  bool enabled = false;
  std::uint32_t partitions = 4;  // of every topic named by a route
};

// Applications post to /v1/topics/{topic}/events.
struct ProduceRoute {
  std::string name;
  std::string topic;
  std::string key_pointer;  // RFC 6901 pointer into a JSON event; empty: no key from the body
  Partitioner partitioner = Partitioner::kMurmur2;
  std::uint64_t spool_max_bytes = 10ULL * 1024 * 1024 * 1024;
  std::uint64_t spool_segment_bytes = 64ULL * 1024 * 1024;
  std::uint64_t in_flight_bytes = 64ULL * 1024 * 1024;  // read from the spool and not yet acknowledged by the broker
  std::chrono::milliseconds retry_initial{1'000};       // backoff before a failed producer is rebuilt
  std::chrono::milliseconds retry_max{30'000};
  std::chrono::milliseconds ack_timeout{10'000};          // of ?ack=broker; then 202
  std::chrono::milliseconds idempotency_window{600'000};  // how long an Idempotency-Key is remembered
  std::uint32_t idempotency_max_keys = 1'000'000;         // remembered at most, the oldest go first
  bool reconcile = true;                                  // read back what landed before sending again
  std::chrono::milliseconds reconcile_settle{2'000};      // for what the old connection's requests may still store
  std::uint64_t reconcile_max_records = 10'000'000;       // read back at most
};

enum class Order {
  kKey,        // events of a key one after another, different keys and events without a key in parallel
  kPartition,  // all events of a partition one after another
  kNone,       // all in parallel
};

// Where a group begins that has no checkpoint yet. Partitions that appear later are always read from their first event.
struct StartPosition {
  enum class Kind { kEarliest, kLatest, kTimestamp };
  Kind kind = Kind::kEarliest;
  std::int64_t timestamp_ms = 0;  // of the first event, Unix epoch; for kTimestamp
};

enum class HandlerScheme {
  kHttp,     // http://host[:port]/path or https://...
  kCommand,  // command:/absolute/path argument...
  kFile,     // file:/absolute/path
  kTopic,    // topic:NAME
  kDiscard,  // discard: finishes every event at once, for measuring
};

enum class HttpFormat {
  kSingle,       // one event a request, its bytes as the body
  kNdjson,       // application/x-ndjson, one event a line
  kJsonArray,    // application/json, an array of events
  kCloudEvents,  // application/cloudevents-batch+json
};

struct HandlerSettings {
  std::string target;  // as configured, with its scheme
  HandlerScheme scheme = HandlerScheme::kHttp;
  std::chrono::milliseconds timeout{30'000};  // of one delivery, from connect to the whole answer
  // HTTP
  HttpFormat format = HttpFormat::kSingle;
  std::uint32_t batch_max_events = 500;         // of one request, for the batch formats
  std::uint64_t batch_max_bytes = 1024 * 1024;  // of one request's events: keys, values and headers
  std::chrono::milliseconds batch_wait{10};     // for a batch to fill
  std::vector<std::string> headers;             // "Name: value"
  std::filesystem::path bearer_token_file;      // one token; read again when it changes; empty: none
  std::filesystem::path tls_ca_file;            // PEM; empty: the system's authorities
  std::filesystem::path tls_certificate_file;   // PEM, shown to the handler (mutual TLS); empty: none
  std::filesystem::path tls_key_file;           // PEM
  std::chrono::milliseconds connect_timeout{5'000};
  // command
  std::uint32_t processes = 1;
  // file
  std::uint64_t rotate_bytes = 0;                // a new file when it is that large; 0: never
  std::chrono::milliseconds rotate_interval{0};  // or that old; 0: never
};

// When a route's circuit breaker opens and how it closes again. All instances of one control log follow the same rules.
struct BreakerRules {
  std::uint32_t threshold = 100;                      // opens on more final failures than this...
  std::chrono::milliseconds window{30'000};           // ...within this time, over all instances
  std::uint32_t consecutive = 25;                     // or on so many in a row without a success; 0: never
  std::chrono::milliseconds unavailable_for{60'000};  // or on a handler not available for longer than this; 0: never
  std::uint32_t quorum = 1;                           // instances that must see it, as far as there are so many
  std::uint32_t probe_events = 5;                     // that must succeed, one at a time, before it closes
  std::chrono::milliseconds cool_down{0};             // before it is tried again without a person; 0: a person resumes

  bool operator==(const BreakerRules&) const = default;
};

struct ConsumeRoute {
  std::string name;
  std::string topic;
  std::string group;
  HandlerSettings handler;
  Order order = Order::kKey;
  std::uint32_t concurrency = 64;    // requests (deliveries; batches, if the handler takes them) at the handler at once
  std::uint32_t rate_limit = 0;      // deliveries a second, of this instance; 0: none
  std::uint32_t retry_attempts = 3;  // 0: for ever
  std::chrono::milliseconds retry_initial{1'000};
  std::chrono::milliseconds retry_max{30'000};
  std::string dead_letter;                           // topic; empty: none, events are tried for ever
  bool parked_keys = false;                          // events of a key that has one in the dead-letter topic follow it
  std::chrono::milliseconds revoke_deadline{5'000};  // for work in flight when a partition is given up
  std::uint32_t buffer_events = 1'000;               // per partition, fetched and not yet finished
  std::uint64_t buffer_bytes = 64ULL * 1024 * 1024;  // of the route, fetched and not yet finished
  StartPosition start;
  std::string group_instance_id;            // static membership; empty: dynamic
  std::vector<std::int32_t> partitions;     // a direct receiver of these partitions, outside of any group's assignment
  bool all_partitions = false;              // a direct receiver of all, also of those that appear later
  bool skip_resends = true;                 // skips what the record header `hf` shows to be a resend
  std::uint32_t resends_look_back = 1'000;  // records before the checkpoint, read again to know what was seen

  bool breaker = true;
  BreakerRules breaker_rules;

  bool direct() const { return all_partitions || !partitions.empty(); }
};

// The topic by which all instances share their breakers.
struct ControlSettings {
  std::string topic;     // one partition, read and written by all instances; empty: each instance for itself
  std::string instance;  // this one's name there, the same after a restart
};

// Who is told when a breaker opens.
struct NotifySettings {
  std::string webhook_url;                   // secret: it may carry a key; empty: none
  std::vector<std::string> webhook_headers;  // "Name: value", secret too
  std::string mail_server;                   // smtp://host[:port] or smtps://host[:port]; empty: no mail
  std::string mail_from;
  std::vector<std::string> mail_to;
  std::string mail_user;
  std::filesystem::path mail_password_file;
  bool mail_require_tls = true;   // for smtp://: STARTTLS must succeed
  std::filesystem::path ca_file;  // PEM, for both; empty: the system's authorities
  std::string public_url;         // of this daemon or its load balancer, without a path: links begin with it
  std::chrono::milliseconds link_valid_for{24 * 3'600'000};

  bool any() const { return !webhook_url.empty() || !mail_server.empty(); }
};

struct Settings {
  LogSettings log;
  IngestSettings ingest;
  SpoolSettings spool;
  ShutdownSettings shutdown;
  EmbeddedBrokerSettings embedded_broker;
  ControlSettings control;
  NotifySettings notify;
  KafkaProperties producer_properties;  // for every produce route
  KafkaProperties consumer_properties;  // for every consume route; group.id comes from the route
  std::vector<ProduceRoute> produce;    // by name
  std::vector<ConsumeRoute> consume;    // by name
  std::vector<std::string> warnings;    // what the operator should know, one line each, for the start log
};

}  // namespace hubferry::config

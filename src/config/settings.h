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
};

struct SpoolSettings {
  std::filesystem::path directory = "/var/lib/hubferry/spool";  // one folder below it per produce route
};

struct ShutdownSettings {
  std::chrono::milliseconds deadline{25'000};  // from SIGTERM to exit
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
};

struct ConsumeRoute {
  std::string name;
  std::string topic;
  std::string group;
  std::string handler;  // http://host[:port]/path or file:/absolute/path
  std::chrono::milliseconds handler_timeout{30'000};
  std::chrono::milliseconds retry_initial{1'000};
  std::chrono::milliseconds retry_max{30'000};
  std::chrono::milliseconds revoke_deadline{5'000};  // for work in flight when a partition is given up
  std::uint32_t buffer_events = 1'000;               // per partition, fetched and not yet finished
};

struct Settings {
  LogSettings log;
  IngestSettings ingest;
  SpoolSettings spool;
  ShutdownSettings shutdown;
  EmbeddedBrokerSettings embedded_broker;
  KafkaProperties producer_properties;  // for every produce route
  KafkaProperties consumer_properties;  // for every consume route; group.id comes from the route
  std::vector<ProduceRoute> produce;    // by name
  std::vector<ConsumeRoute> consume;    // by name
  std::vector<std::string> warnings;    // what the operator should know, one line each, for the start log
};

}  // namespace hubferry::config

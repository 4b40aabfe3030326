#include "config/schema_table.h"

#include <array>
#include <set>
#include <vector>

#include "config/schema.h"

namespace hubferry::config {
namespace {

std::set<std::string> words(const Value& value) {
  const auto list = split_list(value.text);
  return {list.begin(), list.end()};
}

using T = const Target&;
using V = const Value&;
// clang-format off
constexpr std::array<Key, 37> kKeys{{
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

    {"control", "topic", Kind::kOptionalTopic, "", Use::kOptional, {}, "",
     "Topic with one partition by which all instances share their breakers; empty: each instance for itself.",
     [](T t, V v) { t.settings->control.topic = v.text; }},
    {"control", "instance", Kind::kInstance, "", Use::kOptional, {}, "",
     "This instance's name in the control topic, of its own and the same after a restart; empty: the host's name.",
     [](T t, V v) { t.settings->control.instance = v.text; }},

    {"notify", "webhook-url-file", Kind::kFile, "", Use::kOptional, {}, "",
     "File with the URL (http, https) told when a breaker opens, and header lines below it; for the daemon only.",
     [](T t, V v) { t.notify->webhook_url_file = v.text; }},
    {"notify", "webhook-url", Kind::kWebUrl, "", Use::kEnvironmentOnly, {}, "",
     "The URL itself; only as HUBFERRY_NOTIFY_WEBHOOK_URL in the environment.",
     [](T t, V v) { t.settings->notify.webhook_url = v.text; }},
    {"notify", "mail.server", Kind::kMailServer, "", Use::kOptional, {}, "",
     "Server that takes mail when a breaker opens: smtp://host[:port] or smtps://host[:port]; empty: no mail.",
     [](T t, V v) { t.settings->notify.mail_server = v.text; }},
    {"notify", "mail.from", Kind::kMailAddress, "", Use::kOptional, {}, "",
     "Sender of the mail, user@host.",
     [](T t, V v) { t.settings->notify.mail_from = v.text; }},
    {"notify", "mail.to", Kind::kMailAddresses, "", Use::kOptional, {}, "",
     "Receivers of the mail, separated by commas.",
     [](T t, V v) { t.settings->notify.mail_to = split_list(v.text); }},
    {"notify", "mail.user", Kind::kText, "", Use::kOptional, {}, "",
     "User at the mail server; empty: it wants none.",
     [](T t, V v) { t.settings->notify.mail_user = v.text; }},
    {"notify", "mail.password-file", Kind::kFile, "", Use::kOptional, {}, "",
     "File with the user's password; readable by the daemon only.",
     [](T t, V v) { t.settings->notify.mail_password_file = v.text; }},
    {"notify", "mail.require-tls", Kind::kFlag, "true", Use::kOptional, {}, "",
     "With smtp:// send nothing before STARTTLS succeeded.",
     [](T t, V v) { t.settings->notify.mail_require_tls = v.number != 0; }},
    {"notify", "ca-file", Kind::kFile, "", Use::kOptional, {}, "",
     "PEM certificates of the authorities that webhook and mail server must have theirs from; else the system's.",
     [](T t, V v) { t.settings->notify.ca_file = v.text; }},
    {"notify", "public-url", Kind::kPublicUrl, "", Use::kOptional, {}, "",
     "http(s)://host[:port] where people reach this daemon or its load balancer; links begin with it.",
     [](T t, V v) { t.settings->notify.public_url = v.text; }},
    {"notify", "link-valid-for", Kind::kDuration, "24h", Use::kOptional, {60 * kSecond, 30 * 24 * kHour}, "",
     "How long the link in a notification can resume.",
     [](T t, V v) { t.settings->notify.link_valid_for = duration(v); }},
}};
// clang-format on

std::vector<Key> all_keys() {
  std::vector<Key> keys(kKeys.begin(), kKeys.end());
  keys.insert(keys.end(), route_keys().begin(), route_keys().end());
  return keys;
}

}  // namespace

std::span<const Key> schema() {
  static const std::vector<Key> keys = all_keys();
  return keys;
}

}  // namespace hubferry::config

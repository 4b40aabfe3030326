// hubferryd: reads the settings, wires the rooms together, runs until SIGTERM or SIGINT, drains, exits 0.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/circuit.h"
#include "base/clock.h"
#include "config/load.h"
#include "console/breakers.h"
#include "console/console.h"
#include "console/route_switches.h"
#include "consume/consume_road.h"
#include "control/control.h"
#include "http/server.h"
#include "ingest/ingest.h"
#include "kafka/client_version.h"
#include "kafka/embedded_broker.h"
#include "observe/health.h"
#include "observe/logging.h"
#include "observe/metrics.h"
#include "produce/produce_road.h"
#include "spool/file_system.h"
#include "spool/spool.h"

namespace hubferry {
namespace {

// What a record batch needs beyond the event's own bytes: batch and record headers and the `hf` header, generously.
constexpr std::uint64_t kRecordOverheadBytes = 512;
// Left of the deadline for closing the HTTP server and the clients.
constexpr Milliseconds kCloseReserve{3'000};
constexpr Milliseconds kServerStopWait{1'000};

class Daemon {
 public:
  explicit Daemon(config::Settings settings) : settings_(std::move(settings)), ingest_(settings_.ingest) {}

  // Everything that can fail fails here, before anything is accepted or fetched.
  Status open() {
    for (const std::string& warning : settings_.warnings) spdlog::warn("{}", warning);
    warn_of_client_defects();
    if (auto started = start_embedded_broker(); !started) return started;
    for (const config::ProduceRoute& route : settings_.produce) {
      if (auto opened = open_produce(route); !opened) return opened;
    }
    for (const config::ConsumeRoute& route : settings_.consume) {
      if (auto opened = open_consume(route); !opened) return opened;
    }
    if (auto opened = open_server(); !opened) return opened;
    return open_control();
  }

  Status start() {
    if (auto started = server_->start(); !started) return started;
    if (control_) control_->start();
    for (auto& road : produce_) road->start();
    for (auto& road : consume_) road->start();
    return {};
  }

  std::string url() const {
    const std::string local = settings_.ingest.unix_socket.string();
    return local.empty() ? address() : address() + " and " + local;
  }

  // Not ready from now on, so that nobody new is sent here; but who does not know yet is still served.
  void retire(Instant begin) {
    deadline_ = begin + std::max(settings_.shutdown.deadline / 2, settings_.shutdown.deadline - kCloseReserve);
    health_.set("daemon", observe::Health::State::kNotReady, "draining before the end");
    server_->shed_connections();
    for (auto& road : consume_) road->request_stop(deadline_);
  }

  // SIGHUP: certificates and tokens are read again.
  void reload() { server_->reload(); }

  void drain() {
    const Instant deadline = deadline_;
    ingest_.drain();
    for (auto& road : produce_) road->request_drain(deadline);
    for (auto& road : consume_) road->stop();
    if (control_) control_->stop();
    for (auto& road : produce_) road->stop();
    for (auto& feedback : feedbacks_)
      feedback->expire(Instant::max());  // whoever waits for the broker: 202, it is kept
    server_->stop(kServerStopWait);
  }

 private:
  static tl::unexpected<Error> in_route(const char* kind, const std::string& name, Error error) {
    error.message = std::string("[") + kind + "." + name + "]: " + error.message;
    return tl::make_unexpected(std::move(error));
  }

  static void warn_of_client_defects() {
    std::string list;
    for (const std::string& defect : kafka::client_defects()) list += (list.empty() ? "" : "; ") + defect;
    if (list.empty()) return;
    spdlog::warn("librdkafka {} has known defects (2.12 or newer is advised): {}", kafka::client_version(), list);
  }

  Status start_embedded_broker() {
    if (!settings_.embedded_broker.enabled) return {};
    std::vector<kafka::EmbeddedBroker::Topic> topics;
    if (!settings_.control.topic.empty()) topics.push_back({settings_.control.topic, 1});
    const auto add = [&topics, this](const std::string& name) {
      const bool known = std::any_of(topics.begin(), topics.end(), [&name](const auto& t) { return t.name == name; });
      if (!known) topics.push_back({name, settings_.embedded_broker.partitions});
    };
    for (const auto& route : settings_.produce) add(route.topic);
    for (const auto& route : settings_.consume) add(route.topic);
    auto broker = kafka::EmbeddedBroker::start(topics);
    if (!broker) return tl::make_unexpected(broker.error());
    embedded_broker_ = std::move(*broker);
    const std::string address = embedded_broker_->bootstrap_servers();
    for (auto* properties : {&settings_.producer_properties, &settings_.consumer_properties}) {
      (*properties)["bootstrap.servers"] = address;
      (*properties)["security.protocol"] = "plaintext";
    }
    spdlog::warn(
        "embedded broker at {} (try: kcat -b {} -L): for trying out only. It keeps the newest 5 MiB of each "
        "partition, in memory, and forgets all at the end",
        address, address);
    return {};
  }

  std::string address() const {
    const std::string& listen = settings_.ingest.listen;
    const std::string scheme = settings_.ingest.tls_certificate_file.empty() ? "http://" : "https://";
    return scheme + listen.substr(0, listen.rfind(':') + 1) + std::to_string(server_->port());
  }

  Status open_consume(const config::ConsumeRoute& route) {
    Circuit* circuit = nullptr;
    if (route.breaker) {
      circuits_.push_back(std::make_unique<Circuit>(Permit{Permit::Kind::kUnknown}));
      circuit = circuits_.back().get();
      breakers_.push_back({route.name, route.group, route.breaker_rules, circuit});
    }
    const consume::Connections connections{settings_.consumer_properties, settings_.producer_properties};
    auto road = consume::ConsumeRoad::create(route, connections, circuit, metrics_, health_);
    if (!road) return in_route("consume", route.name, road.error());
    consume_.push_back(std::move(*road));
    return {};
  }

  Status open_control() {
    if (breakers_.empty()) return {};
    control::Control::Options options{settings_.control, settings_.notify, settings_.consumer_properties,
                                      settings_.producer_properties, settings_.embedded_broker.enabled};
    if (options.notify.public_url.empty()) options.notify.public_url = address();
    auto control = control::Control::create(std::move(options), breakers_, metrics_, health_);
    if (!control) return tl::make_unexpected(control.error());
    control_ = std::move(*control);
    return {};
  }

  console::BreakerDesk breaker_desk() {
    using Verb = console::BreakerDesk::Verb;
    using Kind = control::Command::Kind;
    console::BreakerDesk desk;
    desk.rows = [this] {
      std::vector<console::BreakerRow> rows;
      for (const control::BreakerView& view : control_->views()) rows.push_back(row_of(view));
      return rows;
    };
    desk.command = [this](Verb verb, const std::string& route, const std::string& by, const std::string& reason,
                          auto done) {
      const Kind kind = verb == Verb::kOpen ? Kind::kOpen : verb == Verb::kClose ? Kind::kClose : Kind::kResume;
      control_->command(kind, route, by, reason, std::move(done));
    };
    desk.link_trouble = [this](const std::string& route, const std::string& token) {
      return control_->link_trouble(route, token);
    };
    desk.resume_by_link = [this](const std::string& route, const std::string& token, auto done) {
      control_->command(Kind::kResumeByLink, route, "a link", token, std::move(done));
    };
    return desk;
  }

  static console::BreakerRow row_of(const control::BreakerView& view) {
    console::BreakerRow row;
    row.route = view.route;
    row.scope = view.shared ? "all instances" : "this instance";
    row.state = view.state.state_name();
    row.generation = view.state.generation;
    row.since_ms = view.state.since_ms;
    row.reason = view.state.reason;
    row.errors = view.state.reasons;
    row.failures = view.failures;
    row.threshold = view.state.rules.threshold;
    row.window_ms = view.state.rules.window.count();
    row.lag = view.state.lag;
    row.alive = view.alive;
    row.notified = view.state.notified;
    row.trouble = view.trouble;
    return row;
  }

  Status open_produce(const config::ProduceRoute& route) {
    spool::Options options;
    options.directory = settings_.spool.directory / route.name;
    options.max_bytes = route.spool_max_bytes;
    options.segment_bytes = route.spool_segment_bytes;
    const ingest::IdempotencyLog::Options kept_keys{options.directory, route.idempotency_window,
                                                    route.idempotency_max_keys};
    idempotency_logs_.push_back(
        std::make_unique<ingest::IdempotencyLog>(spool::real_file_system(), kept_keys, metrics_, route.name));
    options.companion = idempotency_logs_.back().get();
    auto spool = spool::Spool::open(spool::real_file_system(), options);
    if (!spool) return in_route("produce", route.name, spool.error());
    for (const std::string& problem : idempotency_logs_.back()->load(**spool)) {
      spdlog::warn("route {}: {}", route.name, problem);
    }
    for (const std::string& notice : (*spool)->notices()) spdlog::warn("route {}: {}", route.name, notice);
    if (const std::uint64_t waiting = (*spool)->statistics().unacknowledged; waiting != 0) {
      spdlog::info("route {}: {} events from an earlier start are in the spool and will be sent", route.name, waiting);
    }
    spools_.push_back(std::move(*spool));
    feedbacks_.push_back(std::make_unique<spool::Feedback>());
    const produce::Connections connections{settings_.producer_properties, settings_.consumer_properties,
                                           options.directory};
    auto road =
        produce::ProduceRoad::create(route, connections, *spools_.back(), *feedbacks_.back(), metrics_, health_);
    if (!road) return in_route("produce", route.name, road.error());
    produce_.push_back(std::move(*road));
    ingest_.add_route(route, max_event_bytes(), {*spools_.back(), *feedbacks_.back(), *idempotency_logs_.back()},
                      metrics_);
    return {};
  }

  std::uint64_t max_event_bytes() const {
    const auto found = settings_.producer_properties.find("message.max.bytes");
    if (found == settings_.producer_properties.end()) return settings_.ingest.max_event_bytes;
    const std::uint64_t message = std::strtoull(found->second.c_str(), nullptr, 10);
    return std::min(settings_.ingest.max_event_bytes, message - std::min(message, kRecordOverheadBytes));
  }

  Status open_server() {
    const config::IngestSettings& ingest = settings_.ingest;
    http::ServerOptions options;
    options.listen = ingest.listen;
    options.unix_socket = ingest.unix_socket;
    options.bearer_token_file = ingest.bearer_token_file;
    options.tls_certificate_file = ingest.tls_certificate_file;
    options.tls_key_file = ingest.tls_key_file;
    options.tls_client_ca_file = ingest.tls_client_ca_file;
    options.max_body_bytes = ingest.max_body_bytes;
    options.max_connections = ingest.max_connections;
    options.header_timeout = ingest.header_timeout;
    options.body_timeout = ingest.body_timeout;
    options.idle_timeout = ingest.idle_timeout;
    auto server = http::Server::create(options);
    if (!server) return tl::make_unexpected(server.error());
    server_ = std::move(*server);
    ingest_.install(*server_);
    const console::BreakerDesk breakers = breaker_desk();
    console::add_routes(*server_, metrics_, health_, breakers_.empty() ? nullptr : breakers.rows);
    std::vector<console::RouteSwitch> switches;
    for (const auto& road : consume_) {
      switches.push_back({road->name(), [&road](bool paused) { paused ? road->pause() : road->resume(); },
                          [&road] { return road->paused(); }});
    }
    console::add_route_switches(*server_, std::move(switches));
    if (!breakers_.empty()) console::add_breakers(*server_, breakers);
    return {};
  }

  config::Settings settings_;
  observe::Metrics metrics_;
  observe::Health health_;
  ingest::Ingest ingest_;
  std::unique_ptr<kafka::EmbeddedBroker> embedded_broker_;
  std::vector<std::unique_ptr<Circuit>> circuits_;
  std::vector<control::Control::Route> breakers_;
  std::unique_ptr<control::Control> control_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::unique_ptr<spool::Feedback>> feedbacks_;
  std::vector<std::unique_ptr<ingest::IdempotencyLog>> idempotency_logs_;
  std::vector<std::unique_ptr<spool::Spool>> spools_;
  std::vector<std::unique_ptr<produce::ProduceRoad>> produce_;
  std::vector<std::unique_ptr<consume::ConsumeRoad>> consume_;
  Instant deadline_{};
};

int failed(const Error& error) {
  spdlog::critical("{}", error.message);
  return EXIT_FAILURE;
}

// Threads inherit the mask: signals reach only the sigwait() below.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// SIGTERM or SIGINT.
int wait_for_end(const sigset_t& signals, const std::function<void()>& reload) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return signal;
    spdlog::info("SIGHUP: certificates and tokens are read again; what else changed takes a restart");
    reload();
  }
}

// Until one of the signals comes, or the time is over.
void wait_for_signal(const sigset_t& signals, Milliseconds at_most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  timespec time{};
  time.tv_sec = seconds.count();
  time.tv_nsec = std::chrono::nanoseconds(at_most - seconds).count();
  sigtimedwait(&signals, nullptr, &time);
}

int run(config::Settings settings) {
  const sigset_t signals = block_signals();
  const auto [deadline, grace] = settings.shutdown;
  spdlog::info("hubferryd {} with librdkafka {}", HUBFERRY_VERSION, kafka::client_version());
  Daemon daemon(std::move(settings));
  if (const auto opened = daemon.open(); !opened) return failed(opened.error());
  if (const auto started = daemon.start(); !started) return failed(started.error());
  spdlog::info("serving {}", daemon.url());
  const int signal = wait_for_end(signals, [&daemon] { daemon.reload(); });
  const Instant begin = SteadyClock::now();
  spdlog::info("{}: draining, at most {} ms", signal == SIGTERM ? "SIGTERM" : "SIGINT", deadline.count());
  // What is accepted is on disk, so a drain that hangs may be cut off: SIGALRM ends the process.
  alarm(static_cast<unsigned>(deadline.count() / 1'000 + 5));
  daemon.retire(begin);
  if (signal == SIGTERM) wait_for_signal(signals, std::min(grace, deadline / 3));
  daemon.drain();
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

int main_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  auto invocation = config::load(arguments, environment);
  if (!invocation) {
    std::fprintf(stderr, "hubferryd: %s\n", invocation.error().message.c_str());
    return EXIT_FAILURE;
  }
  switch (invocation->command) {
    case config::Command::kHelp:
    case config::Command::kPrintConfig:
    case config::Command::kVersion:
      std::fputs(invocation->text.c_str(), stdout);
      return EXIT_SUCCESS;
    case config::Command::kCheck:
      for (const std::string& warning : invocation->settings.warnings) std::printf("warning: %s\n", warning.c_str());
      std::puts("The configuration is valid.");
      return EXIT_SUCCESS;
    case config::Command::kRun:
      break;
  }
  const auto& log = invocation->settings.log;
  if (const auto started = observe::start_logging(log.level, log.format == config::LogFormat::kJson); !started) {
    std::fprintf(stderr, "hubferryd: %s\n", started.error().message.c_str());
    return EXIT_FAILURE;
  }
  return run(std::move(invocation->settings));
}

}  // namespace
}  // namespace hubferry

int main(int argc, char** argv) {
  try {
    return hubferry::main_of(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hubferryd: cannot start: %s\n", error.what());
    return EXIT_FAILURE;
  }
}

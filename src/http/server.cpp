#include "http/server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/thread.h"
#include "http/listener.h"
#include "http/session.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMostRefused = 64;  // connections that wait for their 503 at once; further ones are just closed

// How often deadlines are looked at: often enough for the shortest, at most once in 5 ms, at least once a second.
Milliseconds sweep_period(const ServerOptions& options) {
  const auto shortest = std::min({options.idle_timeout, options.header_timeout, options.body_timeout});
  return std::clamp(Milliseconds(shortest / 4), Milliseconds(5), Milliseconds(1'000));
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(const ServerOptions& options)
      : shared_(std::make_shared<SessionShared>(options)),
        work_(shared_->io.get_executor()),
        sweep_(shared_->io),
        sweep_period_(sweep_period(options)) {}
  ~ServerImpl() override { stop(Milliseconds(0)); }

  Status open();
  using Server::route;
  void route(std::string method, std::string pattern, Handler handler, Access access) override {
    shared_->router.add(std::move(method), std::move(pattern), std::move(handler), access);
  }
  Status start() override;
  std::uint16_t port() const override { return tcp_->port(); }
  void reload() override;
  void shed_connections() override;
  void stop_accepting() override;
  void stop(Milliseconds deadline) override;

 private:
  void close_listeners();
  void accept();
  void accepted(Socket socket, Door door);
  void sweep();
  void drain();
  void close_all();

  std::shared_ptr<SessionShared> shared_;
  asio::executor_work_guard<Executor> work_;  // until close_all(): a session waits for its handler without an operation
  std::unique_ptr<Listener> tcp_;
  std::unique_ptr<Listener> local_;  // if there is a Unix socket
  Timer sweep_;
  const Milliseconds sweep_period_;
  bool sweeping_ = false;

  std::mutex stop_mutex_;  // held while stopping: one at a time
  std::thread thread_;
  std::mutex quiet_mutex_;
  std::condition_variable quiet_changed_;
  bool quiet_ = false;  // drained and nothing is under way
};

Status ServerImpl::open() {
  const ServerOptions& options = shared_->options;
  const Instant now = SteadyClock::now();
  if (!options.bearer_token_file.empty()) {
    auto tokens = BearerTokens::open(options.bearer_token_file, now);
    if (!tokens) return tl::make_unexpected(std::move(tokens.error()));
    shared_->tokens = std::move(*tokens);
  }
  if (!options.tls_certificate_file.empty()) {
    auto tls = TlsFiles::open(options.tls_certificate_file, options.tls_key_file, options.tls_client_ca_file, now);
    if (!tls) return tl::make_unexpected(std::move(tls.error()));
    shared_->tls = std::move(*tls);
  }
  auto tcp = Listener::tcp(shared_->io, options.listen);
  if (!tcp) return tl::make_unexpected(std::move(tcp.error()));
  tcp_ = std::move(*tcp);
  if (options.unix_socket.empty()) return {};
  auto local = Listener::local(shared_->io, options.unix_socket);
  if (!local) return tl::make_unexpected(std::move(local.error()));
  local_ = std::move(*local);
  return {};
}

Status ServerImpl::start() {
  if (auto listening = tcp_->listen(); !listening) return listening;
  if (local_) {
    if (auto listening = local_->listen(); !listening) return listening;
  }
  shared_->quiet = [this] {
    const std::lock_guard lock(quiet_mutex_);
    quiet_ = true;
    quiet_changed_.notify_all();
  };
  const std::lock_guard lock(stop_mutex_);
  try {
    thread_ = std::thread([this] {
      name_thread("http-server");
      accept();
      shared_->io.run();
    });
  } catch (const std::system_error& failed) {
    return fail(ErrorCode::kIo, std::string("cannot start the HTTP server's thread: ") + failed.what());
  }
  return {};
}

void ServerImpl::accept() {
  tcp_->accept([this](Socket socket) { accepted(std::move(socket), Door::kNetwork); });
  if (local_) local_->accept([this](Socket socket) { accepted(std::move(socket), Door::kLocal); });
}

void ServerImpl::accepted(Socket socket, Door door) {
  const bool full = shared_->active >= shared_->options.max_connections;
  if (full && shared_->sessions.size() >= shared_->options.max_connections + kMostRefused) return;
  auto session = std::make_shared<Session>(shared_, std::move(socket), door);
  shared_->add(session);
  full ? session->refuse() : session->start();
  sweep();
}

void ServerImpl::reload() {
  asio::post(shared_->io, [shared = shared_.get()] {
    if (shared->tokens) shared->tokens->reload();
    if (shared->tls) shared->tls->reload();
  });
}

void ServerImpl::shed_connections() {
  asio::post(shared_->io, [shared = shared_.get()] { shared->shedding = true; });
}

void ServerImpl::close_listeners() {
  if (tcp_) tcp_->close();
  if (local_) local_->close();
}

// Ends overdue sessions, again and again while there are any.
void ServerImpl::sweep() {
  if (sweeping_ || shared_->sessions.empty()) return;
  sweeping_ = true;
  sweep_.expires_after(sweep_period_);
  sweep_.async_wait([this](const error_code& cancelled) {
    sweeping_ = false;
    if (cancelled) return;
    const Instant now = SteadyClock::now();
    const auto sessions = shared_->sessions;
    for (const auto& session : sessions) session->expire(now);
    sweep();
  });
}

void ServerImpl::drain() {
  if (std::exchange(shared_->draining, true)) return;
  close_listeners();
  const auto sessions = shared_->sessions;
  for (const auto& session : sessions) session->drain();
  if (shared_->active == 0) shared_->quiet();
}

void ServerImpl::close_all() {
  drain();
  sweep_.cancel();
  const auto sessions = shared_->sessions;
  for (const auto& session : sessions) session->close();
  work_.reset();
}

void ServerImpl::stop_accepting() {
  asio::post(shared_->io, [this] { drain(); });
}

void ServerImpl::stop(Milliseconds deadline) {
  const std::lock_guard stopping(stop_mutex_);
  if (!thread_.joinable()) return close_listeners();
  stop_accepting();
  {
    std::unique_lock lock(quiet_mutex_);
    quiet_changed_.wait_for(lock, deadline, [this] { return quiet_; });
  }
  asio::post(shared_->io, [this] { close_all(); });
  thread_.join();
  std::vector<Answer> unread;
  shared_->answers.close(unread);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(const ServerOptions& options) {
  auto server = std::make_unique<ServerImpl>(options);
  if (auto opened = server->open(); !opened) return tl::make_unexpected(std::move(opened.error()));
  return server;
}

}  // namespace hubferry::http

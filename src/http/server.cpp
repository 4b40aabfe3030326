#include "http/server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/thread.h"
#include "http/session.h"
#include "http/url.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

constexpr Milliseconds kAcceptPause{100};  // when the system refuses
constexpr std::size_t kMostRefused = 64;   // connections that wait for their 503 at once; further ones are just closed

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
        acceptor_(shared_->io),
        pause_(shared_->io),
        sweep_(shared_->io),
        sweep_period_(sweep_period(options)) {}
  ~ServerImpl() override { stop(Milliseconds(0)); }

  Status bind();
  void route(std::string method, std::string pattern, Handler handler) override {
    shared_->router.add(std::move(method), std::move(pattern), std::move(handler));
  }
  Status start() override;
  std::uint16_t port() const override { return port_; }
  void stop_accepting() override;
  void stop(Milliseconds deadline) override;

 private:
  tl::unexpected<Error> cannot_listen(const std::string& reason) const {
    return fail(ErrorCode::kUnavailable, "cannot listen on " + shared_->options.listen + ": " + reason);
  }
  void accept();
  void accepted(const error_code& error, Socket socket);
  void sweep();
  void drain();
  void close_all();

  std::shared_ptr<SessionShared> shared_;
  asio::executor_work_guard<Executor> work_;  // until close_all(): a session waits for its handler without an operation
  Acceptor acceptor_;
  Timer pause_;
  Timer sweep_;
  const Milliseconds sweep_period_;
  bool sweeping_ = false;
  bool accept_failed_ = false;
  std::uint16_t port_ = 0;

  std::mutex stop_mutex_;  // held while stopping: one at a time
  std::thread thread_;
  std::mutex quiet_mutex_;
  std::condition_variable quiet_changed_;
  bool quiet_ = false;  // drained and nothing is under way
};

Status ServerImpl::bind() {
  const std::string& listen = shared_->options.listen;
  const auto address = parse_host_port(listen);
  if (!address) {
    return fail(ErrorCode::kInvalid,
                "cannot listen on '" + listen + "': " + address.error().message + "; use host:port or [ipv6]:port");
  }
  if (!address->port) return fail(ErrorCode::kInvalid, "cannot listen on '" + listen + "': the port is missing");
  error_code error;
  tcp::resolver resolver(shared_->io);
  const auto found = resolver.resolve(address->host, std::to_string(*address->port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return cannot_listen(error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (error) return cannot_listen(error.message());
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

Status ServerImpl::start() {
  error_code error;
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(error.message());
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
  acceptor_.async_accept([this](const error_code& error, Socket socket) { accepted(error, std::move(socket)); });
}

void ServerImpl::accepted(const error_code& error, Socket socket) {
  if (!acceptor_.is_open()) return;
  if (error && error != asio::error::connection_aborted) {
    if (!std::exchange(accept_failed_, true)) {
      spdlog::error("cannot accept connections on {}: {}; raise the limit of open files if they ran out",
                    shared_->options.listen, error.message());
    }
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && acceptor_.is_open()) accept();
    });
    return;
  }
  if (!error) {
    accept_failed_ = false;
    const bool full = shared_->active >= shared_->options.max_connections;
    if (!full || shared_->sessions.size() < shared_->options.max_connections + kMostRefused) {
      auto session = std::make_shared<Session>(shared_, std::move(socket));
      shared_->add(session);
      full ? session->refuse() : session->start();
      sweep();
    }
  }
  accept();
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
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
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
  if (!thread_.joinable()) {
    error_code ignored;
    acceptor_.close(ignored);
    return;
  }
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
  if (auto bound = server->bind(); !bound) return tl::make_unexpected(std::move(bound.error()));
  return server;
}

}  // namespace hubferry::http

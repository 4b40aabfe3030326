#include "http/listener.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"
#include "http/url.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;

constexpr Milliseconds kPause{100};  // when the system refuses
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr mode_t kSocketMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP;

// What a connection attempt to the Unix socket answers; 0: somebody accepts.
int probe(const std::string& path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kLongestPath);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

}  // namespace

tl::unexpected<Error> Listener::cannot_listen(const std::string& reason) const {
  return fail(ErrorCode::kUnavailable, "cannot listen on " + name_ + ": " + reason);
}

Result<std::unique_ptr<Listener>> Listener::tcp(asio::io_context& io, const std::string& address) {
  std::unique_ptr<Listener> listener(new Listener(io, address));
  if (auto bound = listener->bind_tcp(); !bound) return tl::make_unexpected(std::move(bound.error()));
  return listener;
}

Result<std::unique_ptr<Listener>> Listener::local(asio::io_context& io, const std::filesystem::path& path) {
  std::unique_ptr<Listener> listener(new Listener(io, path.string()));
  if (auto bound = listener->bind_local(); !bound) return tl::make_unexpected(std::move(bound.error()));
  return listener;
}

Status Listener::bind_tcp() {
  const auto address = parse_host_port(name_);
  if (!address) {
    return fail(ErrorCode::kInvalid,
                "cannot listen on '" + name_ + "': " + address.error().message + "; use host:port or [ipv6]:port");
  }
  if (!address->port) return fail(ErrorCode::kInvalid, "cannot listen on '" + name_ + "': the port is missing");
  error_code error;
  tcp::resolver resolver(acceptor_.get_executor());
  const auto found = resolver.resolve(address->host, std::to_string(*address->port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return cannot_listen(error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (error) return cannot_listen(error.message());
  tcp::endpoint bound;
  const Protocol::endpoint local = acceptor_.local_endpoint(error);
  std::memcpy(bound.data(), local.data(), std::min(local.size(), bound.capacity()));
  port_ = bound.port();
  return {};
}

// Removes the socket file of a process that has ended.
Status Listener::make_way() const {
  struct stat status{};
  if (::lstat(name_.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return cannot_listen(std::strerror(errno));
  }
  if (!S_ISSOCK(status.st_mode))
    return cannot_listen("there is a file that is no socket; remove it or choose another path");
  const int answer = probe(name_);
  if (answer == 0 || answer == EAGAIN) return cannot_listen("another process listens there");
  if (answer != ECONNREFUSED && answer != ENOENT) return cannot_listen(std::strerror(answer));
  if (::unlink(name_.c_str()) != 0 && errno != ENOENT) {
    return cannot_listen(std::string("the socket that an ended process left cannot be removed: ") +
                         std::strerror(errno));
  }
  return {};
}

Status Listener::bind_local() {
  if (name_.size() > kLongestPath) {
    return cannot_listen("the path is longer than " + std::to_string(kLongestPath) +
                         " bytes, the limit of Unix sockets");
  }
  if (auto free = make_way(); !free) return free;
  error_code error;
  acceptor_.open(asio::local::stream_protocol(), error);
  if (!error) acceptor_.bind(asio::local::stream_protocol::endpoint(name_), error);
  if (error) return cannot_listen(error.message());
  struct stat status{};
  // Nobody can connect before listen(), so nobody slips in by the mode that bind() gave.
  if (::lstat(name_.c_str(), &status) != 0 || ::chmod(name_.c_str(), kSocketMode) != 0) {
    return cannot_listen(std::string("its mode cannot be set: ") + std::strerror(errno));
  }
  path_ = name_;
  inode_ = status.st_ino;
  return listen();  // already now, or another process would take the file for a stale one; who connects waits
}

Status Listener::listen() {
  error_code error;
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(error.message());
  return {};
}

void Listener::accept(Taker taker) {
  taker_ = std::move(taker);
  accept_next();
}

void Listener::accept_next() {
  acceptor_.async_accept([this](const error_code& error, Socket socket) { accepted(error, std::move(socket)); });
}

void Listener::accepted(const error_code& error, Socket socket) {
  if (!acceptor_.is_open()) return;
  if (error && error != asio::error::connection_aborted) {
    if (!std::exchange(failed_, true)) {
      spdlog::error("cannot accept connections on {}: {}; raise the limit of open files if they ran out", name_,
                    error.message());
    }
    pause_.expires_after(kPause);
    pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && acceptor_.is_open()) accept_next();
    });
    return;
  }
  if (!error) {
    failed_ = false;
    error_code ignored;
    socket.non_blocking(true, ignored);
    if (!is_local()) socket.set_option(tcp::no_delay(true), ignored);
    taker_(std::move(socket));
  }
  accept_next();
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  struct stat status{};
  const bool own = is_local() && ::lstat(name_.c_str(), &status) == 0 && status.st_ino == inode_;
  if (own) ::unlink(name_.c_str());
  inode_ = 0;
}

}  // namespace hubferry::http

#pragma once
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace hubferry::http {

using Executor = boost::asio::io_context::executor_type;
using Protocol = boost::asio::generic::stream_protocol;  // TCP and Unix sockets alike
using Socket = boost::asio::basic_stream_socket<Protocol, Executor>;
using Timer = boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, Executor>;

// Takes connections at one address. Server's thread only once accept() was called; must outlive the `io`'s run.
class Listener {
 public:
  // Gets each connection, non-blocking, with TCP_NODELAY if it is TCP.
  using Taker = std::function<void(Socket)>;

  // Binds to host:port or [ipv6]:port; port 0 takes a free one. The error names the address and the reason.
  static Result<std::unique_ptr<Listener>> tcp(boost::asio::io_context& io, const std::string& address);
  // Binds to a path of at most 107 bytes, mode 0660. The socket that an ended process left there is replaced, one that
  // somebody listens on is an error. The file goes with close().
  static Result<std::unique_ptr<Listener>> local(boost::asio::io_context& io, const std::filesystem::path& path);
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Status listen();
  void accept(Taker taker);
  void close();

  bool is_local() const { return !path_.empty(); }
  std::uint16_t port() const { return port_; }  // TCP

 private:
  Listener(boost::asio::io_context& io, std::string name) : name_(std::move(name)), acceptor_(io), pause_(io) {}
  tl::unexpected<Error> cannot_listen(const std::string& reason) const;
  Status bind_tcp();
  Status bind_local();
  Status make_way() const;
  void accept_next();
  void accepted(const boost::system::error_code& error, Socket socket);

  const std::string name_;
  std::filesystem::path path_;  // of the socket file that close() removes
  std::uint64_t inode_ = 0;     // of that file
  boost::asio::basic_socket_acceptor<Protocol, Executor> acceptor_;
  Timer pause_;
  Taker taker_;
  bool failed_ = false;  // and told
  std::uint16_t port_ = 0;
};

}  // namespace hubferry::http

#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/buffer.h"
#include "http/chunked.h"
#include "http/client.h"
#include "http/header_parser.h"
#include "http/tls_files.h"
#include "http/tls_stream.h"

namespace hubferry::http {

struct Job {
  const char* method = "POST";
  ClientRequest request;
  Client::Done done;
  Instant deadline = Instant::max();
};

class ClientConnection;

// Told by its connections, on the client's thread.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // The exchange is over. The connection takes another job if idle(), otherwise it is closed.
  virtual void finished(const std::shared_ptr<ClientConnection>& connection, Job job,
                        Result<ClientResponse> result) = 0;
  // The peer closed the kept connection before any byte of an answer. The connection is closed; the job goes out on a
  // new one, which never gives it back here.
  virtual void send_again(const std::shared_ptr<ClientConnection>& connection, Job job) = 0;
  // The peer closed the idle connection.
  virtual void lost(const std::shared_ptr<ClientConnection>& connection) = 0;
};

// One connection: one exchange at a time. Client's thread only.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection> {
 public:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
  struct Target {
    std::string name;  // host:port, for messages
    std::string head;  // request line behind the method, and the header lines of every request
    std::uint64_t max_response_bytes = 0;
    std::string host;         // as the server's certificate has to name it
    std::string authorities;  // that are believed, for messages
    TlsFiles* tls = nullptr;  // nullptr: plain HTTP
  };

  ClientConnection(boost::asio::io_context& io, ConnectionOwner& owner, const Target& target)
      : owner_(owner), target_(target), socket_(io) {}

  // New: holds the job until connect() and fails it at `deadline`.
  void open(Job job, Instant deadline);
  void connect(const Endpoints& endpoints);
  void fail_to_connect(const std::string& reason);
  // Idle: sends the job.
  void send(Job job);
  void expire(Instant now);
  // Ends the exchange under way with kClosed.
  void shut_down();
  // Idle: closes without telling the owner.
  void close();

  bool idle() const { return state_ == State::kIdle; }
  bool busy() const { return job_.has_value(); }
  Instant idle_since() const { return idle_since_; }

  std::size_t place = 0;  // in the owner's list

 private:
  enum class State { kConnecting, kIdle, kSending, kClosed };
  enum class BodyEnd { kNone, kLength, kChunked, kClose };

  void connected(const boost::system::error_code& error);
  void shake_hands();
  void start_exchange();
  void write_rest();
  void write_rest_tls();
  void wait_for(StepOutcome wish, void (ClientConnection::*then)());
  void read();
  void read_tls(bool in_read);
  void go_on_reading();
  void read_done(const boost::system::error_code& error, std::size_t size);
  void parse();
  bool parse_header();
  bool header_complete();
  void parse_body();
  bool take_body(std::string_view bytes);
  void broken(const boost::system::error_code& error);
  void complete(bool reusable);
  void fail(ErrorCode code, std::string message);
  void finish(Result<ClientResponse> result);

  ConnectionOwner& owner_;
  const Target& target_;
  boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type> socket_;
  std::unique_ptr<TlsStream> tls_;  // after TCP is connected
  State state_ = State::kConnecting;
  Instant connect_deadline_ = Instant::max();
  Instant idle_since_;
  bool reading_ = false;
  std::uint64_t exchanges_ = 0;  // completed

  std::optional<Job> job_;
  std::string header_;
  std::size_t body_in_header_ = 0;  // bytes of the body that follow in `header_`
  std::size_t written_ = 0;
  bool write_failed_ = false;

  Buffer buffer_;
  bool answered_ = false;  // a byte of the answer has come
  bool header_done_ = false;
  std::optional<ResponseParser> parser_;
  BodyEnd body_end_ = BodyEnd::kNone;
  std::optional<ChunkedDecoder> chunks_;
  std::uint64_t body_left_ = 0;  // kLength
  ClientResponse response_;
};

}  // namespace hubferry::http

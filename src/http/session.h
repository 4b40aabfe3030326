#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/bearer_tokens.h"
#include "http/buffer.h"
#include "http/chunked.h"
#include "http/header_parser.h"
#include "http/listener.h"
#include "http/mailbox.h"
#include "http/router.h"
#include "http/server.h"
#include "http/tls_files.h"
#include "http/tls_stream.h"

namespace hubferry::http {

class Session;

// Where a connection came in.
enum class Door {
  kNetwork,  // TLS and tokens, if the options say so
  kLocal,    // the Unix socket: neither
};

struct Answer {
  std::shared_ptr<Session> session;
  Response response;
};

// What the sessions of one server share. Lives until the last Responder is gone, which may be after the server; by then
// no session holds a socket. Server's thread only, except `answers` and posting to `io`.
struct SessionShared {
  explicit SessionShared(ServerOptions given) : options(std::move(given)) {}

  boost::asio::io_context io{1};
  const ServerOptions options;
  Router router;                         // constant once the thread runs
  std::unique_ptr<BearerTokens> tokens;  // if they are asked for
  std::unique_ptr<TlsFiles> tls;         // if there is TLS
  Mailbox<Answer> answers;
  std::vector<Answer> batch;  // being drained

  std::vector<std::shared_ptr<Session>> sessions;
  std::size_t active = 0;       // sessions that serve: neither refused nor lingering
  bool shedding = false;        // no keep-alive any more
  bool draining = false;        // nor new connections
  std::function<void()> quiet;  // called when draining and `active` has become 0

  void add(std::shared_ptr<Session> session);
  void give_answers();
  // Logs it, at most once in 10 s.
  void handshake_failed(const std::string& reason);

 private:
  Instant next_note_ = Instant::min();
  std::uint64_t not_noted_ = 0;
};

// One connection: reads a request, whole, into one buffer, calls its handler, writes the answer, and only then looks at
// the next request. Server's thread only, except respond(). Kept alive by `sessions`, by the operation it waits for and
// by the Responder.
class Session final : public Request, public Responder::Target, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<SessionShared> shared, Socket socket, Door door);

  void start();
  // Answers 503 without reading a request, and closes. With TLS there is no answer without a handshake: just closes.
  void refuse();
  void answer(Response response);
  // Ends what is overdue.
  void expire(Instant now);
  // Closes if no request is under way; otherwise the answer will be the last.
  void drain();
  void close();

  void respond(Response response) override;

  std::string_view method() const override;
  std::string_view path() const override;
  std::optional<std::string> query(std::string_view name) const override;
  std::optional<std::string_view> header(std::string_view name) const override;
  std::size_t header_count() const override;
  std::pair<std::string_view, std::string_view> header_at(std::size_t index) const override;
  std::string_view query_text() const override;
  std::string_view body() const override;
  std::string_view parameter(std::string_view name) const override;

 private:
  friend struct SessionShared;

  enum class State {
    kHandshake,  // of TLS
    kIdle,       // between requests
    kHeader,     // some of a header has arrived
    kBody,       // the header is complete, the body is not
    kHandling,   // the handler has the request
    kWriting,    // the answer is on its way
    kLingering,  // the answer is out; reads what the client still sends, so that no reset destroys the answer
    kClosed,
  };

  bool encrypted() const { return door_ == Door::kNetwork && shared_->tls; }
  void handshake();
  void go_on_with_handshake();

  void process();
  bool next_request();
  bool read_header();
  bool header_complete();
  bool read_body();
  bool read_chunks();
  bool dispatch();
  std::optional<Response> find_handler();
  std::optional<Response> check_token() const;
  bool reject(Response response);
  void send_continue();

  bool make_room();
  void read();
  void read_tls(bool in_read);
  void go_on_reading();
  void read_done(const boost::system::error_code& error, std::size_t size);
  bool write(Response response);
  bool write_rest();
  Step write_some();
  void wait_for(StepOutcome wanted, void (Session::*next)());
  void go_on_writing();
  void reset_body_deadline();
  bool response_written();
  void end();
  void leave();
  bool more_waits();

  const std::shared_ptr<SessionShared> shared_;
  const Door door_;
  std::optional<Socket> socket_;    // nothing once closed
  std::unique_ptr<TlsStream> tls_;  // over `socket_`; nothing without TLS
  std::size_t place_ = 0;           // in shared_->sessions
  State state_ = State::kIdle;
  Instant deadline_ = Instant::max();
  Instant body_since_;
  std::uint32_t in_a_row_ = 0;  // requests answered without waiting for anything
  bool reading_ = false;        // a read is under way: `buffer_` must not move
  bool counted_ = false;        // in shared_->active

  Buffer buffer_;
  std::optional<RequestParser> parser_;
  std::optional<ChunkedDecoder> chunks_;
  Router::Parameters parameters_;
  const Handler* handler_ = nullptr;
  std::size_t path_at_ = 0;
  std::size_t path_size_ = 0;
  std::size_t query_at_ = 0;
  std::size_t query_size_ = 0;
  std::size_t body_end_ = 0;     // of what has arrived decoded
  std::size_t request_end_ = 0;  // where the next request starts; with chunks known at their end
  bool head_ = false;
  bool http_1_1_ = true;
  bool keep_alive_ = true;
  bool body_unread_ = false;  // the client may still send what nobody wants

  std::optional<Response> given_;  // by the handler, before it returned
  std::string out_header_;
  std::string out_body_;
  std::size_t written_ = 0;
  std::size_t lingered_ = 0;  // bytes
};

}  // namespace hubferry::http

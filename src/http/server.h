#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace hubferry::http {

// One request, whole. All views are valid until the response is given. At least kBodyPadding bytes behind the body are
// readable (simdjson parses in place).
inline constexpr std::size_t kBodyPadding = 64;

class Request {
 public:
  virtual ~Request() = default;
  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;                                        // without the query, not decoded
  virtual std::optional<std::string> query(std::string_view name) const = 0;        // decoded; first of that name
  virtual std::optional<std::string_view> header(std::string_view name) const = 0;  // case-insensitive; first of it
  // All header fields, in the order and with the names they were sent.
  virtual std::size_t header_count() const = 0;
  virtual std::pair<std::string_view, std::string_view> header_at(std::size_t index) const = 0;
  virtual std::string_view query_text() const = 0;  // without '?', not decoded
  virtual std::string_view body() const = 0;
  // What stands for {name} in the route's pattern, percent-decoded.
  virtual std::string_view parameter(std::string_view name) const = 0;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // of a literal; empty: none
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type, Content-Length and Connection
};

// RFC 9457 application/problem+json with `title` from the status and `detail` for the caller.
Response problem(int status, std::string_view detail);

// Answers one request, once, from any thread. Destroyed unused, it answers 500. Cheap to move.
class Responder {
 public:
  class Target {
   public:
    virtual ~Target() = default;
    virtual void respond(Response response) = 0;
  };
  explicit Responder(std::shared_ptr<Target> target) : target_(std::move(target)) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder() {
    if (target_) target_->respond(problem(500, "The request was dropped inside the daemon; see its log."));
  }
  void operator()(Response response) {
    if (auto target = std::exchange(target_, nullptr)) target->respond(std::move(response));
  }

 private:
  std::shared_ptr<Target> target_;
};

// Runs on the server's thread and must not block. The request is valid until the responder was called.
using Handler = std::function<void(const Request&, Responder)>;

struct ServerOptions {
  std::string listen;                         // host:port or [ipv6]:port; port 0 takes a free one
  std::filesystem::path unix_socket{};        // listened on besides `listen`, mode 0660, at most 107 bytes; empty: none
  std::filesystem::path bearer_token_file{};  // one good token a line; empty: none is asked for
  std::filesystem::path tls_certificate_file{};  // PEM chain, with tls_key_file; empty: no TLS
  std::filesystem::path tls_key_file{};          // PEM
  std::filesystem::path tls_client_ca_file{};    // PEM; clients must show a certificate of one of these; empty: none
  std::uint64_t max_header_bytes = 16 * 1024;
  std::uint64_t max_body_bytes = 16 * 1024 * 1024;
  std::uint32_t max_connections = 4096;
  Milliseconds idle_timeout{60'000};    // between requests
  Milliseconds header_timeout{10'000};  // from a request's first byte to the end of its header; of a TLS handshake
  Milliseconds body_timeout{30'000};    // without a byte of the body arriving; see kLeastBodyRate
};

// Bytes a second that a body must arrive at on average once body_timeout has passed, so that one byte now and then does
// not hold a connection for ever. The value is the default of Apache httpd's mod_reqtimeout.
inline constexpr std::uint64_t kLeastBodyRate = 500;

// Who may call a route on `listen`. Over the Unix socket every route is open, without TLS: its file mode decides.
enum class Access {
  kProtected,  // whoever shows a good bearer token, if ServerOptions name a file of them; else 401
  kOpen,       // everybody: for probes
};

// HTTP/1.1 server: keep-alive, pipelining answered in order, Expect: 100-continue, chunked bodies. One thread owns all
// sockets. Too many connections: 503, with TLS just closed; no good token: 401 before anything else is told; header too
// large: 431; body too large: 413 (without reading it); unknown path: 404; known path with another method: 405 with
// Allow; malformed request: 400. All errors are problem+json.
class Server {
 public:
  static Result<std::unique_ptr<Server>> create(const ServerOptions& options);
  virtual ~Server() = default;  // stops

  // Before start(). `pattern` is a path whose segments may be {name}; all methods of one pattern share it.
  virtual void route(std::string method, std::string pattern, Handler handler, Access access) = 0;
  void route(std::string method, std::string pattern, Handler handler) {
    route(std::move(method), std::move(pattern), std::move(handler), Access::kProtected);
  }
  virtual Status start() = 0;
  // The port that is listened on.
  virtual std::uint16_t port() const = 0;
  // Reads certificates and tokens again now, besides the looks at whether their files have changed (TLS: every 10 s,
  // tokens: every second). Files that cannot be used are logged, what was good before stays. Any thread.
  virtual void reload() = 0;
  // From now on each answer says "Connection: close" and ends its connection, while new ones are still taken: clients
  // of a load balancer come back elsewhere. Any thread; idempotent.
  virtual void shed_connections() = 0;
  // Closes the listeners and idle connections, answers what is under way, closes those when answered. Idempotent.
  virtual void stop_accepting() = 0;
  // stop_accepting(), then waits until all is answered or the deadline passed, then closes all.
  virtual void stop(Milliseconds deadline) = 0;
};

}  // namespace hubferry::http

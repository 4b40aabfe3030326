#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace hubferry::http {

struct Url {
  std::string scheme;       // "http" or "https"
  std::string host;         // name, IPv4, or IPv6 without brackets
  std::uint16_t port = 80;  // 443 for https, if the text has none
  std::string target;       // path and query, at least "/"
};
// Errors name what is wrong and the expected form.
Result<Url> parse_url(std::string_view text);

struct ClientRequest {
  std::string headers;           // header lines of this request, each ending with CRLF
  std::string_view body;         // must stay valid until `done` was called
  Milliseconds timeout{30'000};  // from when it gets a connection, connecting included, to the end of the answer
};

struct ClientResponse {
  int status = 0;
  std::string body;  // cut at the client's max_response_bytes, the rest is not read
  bool cut = false;
  std::string retry_after;  // the header's value; empty: none
};

struct ClientOptions {
  std::uint32_t max_connections = 64;
  std::uint64_t max_response_bytes = 1024 * 1024;
  Milliseconds connect_timeout{5'000};  // TLS handshake included
  std::string headers{};                // header lines of every request, each ending with CRLF
  // For https. Read again when they change, for new connections; what cannot be used keeps what was good before.
  std::filesystem::path tls_ca_file{};           // PEM; empty: the system's authorities
  std::filesystem::path tls_certificate_file{};  // PEM chain that the server is shown; empty: none
  std::filesystem::path tls_key_file{};
};

// Keep-alive HTTP/1.1 client for one URL. Owns one thread and a pool of connections; requests beyond
// max_connections wait in order. A kept connection that the peer closed before any answer byte is replaced and the
// request sent once more. https: TLS 1.2 or newer, the server's certificate has to come from the authorities and to
// name the URL's host.
class Client {
 public:
  // kUnavailable: no connection (refused, unreachable, name not found, no TLS that can be trusted, client certificate
  // refused): nothing was tried; kTimeout: no complete answer in time; kInvalid: the answer is no HTTP; kIo: the
  // connection broke during the exchange; kClosed: the client stops.
  using Done = std::function<void(Result<ClientResponse>)>;

  // The error names the file that cannot be used. Does not need the server.
  static Result<std::unique_ptr<Client>> create(const Url& url, const ClientOptions& options);
  // Calls `done` with kClosed for all that is under way, on the client's thread. May wait for a name look-up to end.
  virtual ~Client() = default;

  // Any thread; `done` is called on the client's thread, exactly once, and must not block. Answers that have come at
  // the same time are told in one burst.
  virtual void post(ClientRequest request, Done done) = 0;
  // The same, of a request without a body.
  virtual void get(ClientRequest request, Done done) = 0;
};

}  // namespace hubferry::http

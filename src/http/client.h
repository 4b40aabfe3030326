#pragma once
#include <cstdint>
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
  std::string scheme;  // "http" (TLS comes with the handlers' next stage)
  std::string host;    // name, IPv4, or IPv6 without brackets
  std::uint16_t port = 80;
  std::string target;  // path and query, at least "/"
};
// Errors name what is wrong and the expected form.
Result<Url> parse_url(std::string_view text);

struct ClientRequest {
  std::string headers;           // further header lines, each ending with CRLF
  std::string_view body;         // must stay valid until `done` was called
  Milliseconds timeout{30'000};  // from when it gets a connection, connecting included, to the end of the answer
};

struct ClientResponse {
  int status = 0;
  std::string body;         // cut at the client's max_response_bytes, the rest is not read
  std::string retry_after;  // the header's value; empty: none
};

struct ClientOptions {
  std::uint32_t max_connections = 64;
  std::uint64_t max_response_bytes = 1024 * 1024;
  Milliseconds connect_timeout{5'000};
};

// Keep-alive HTTP/1.1 POST client for one URL. Owns one thread and a pool of connections; requests beyond
// max_connections wait in order. A kept connection that the peer closed before any answer byte is replaced and the
// request sent once more.
class Client {
 public:
  // kUnavailable: no connection (refused, unreachable, name not found); kTimeout: no complete answer in time;
  // kInvalid: the answer is no HTTP; kIo: the connection broke during the exchange; kClosed: the client stops.
  using Done = std::function<void(Result<ClientResponse>)>;

  static std::unique_ptr<Client> create(const Url& url, const ClientOptions& options);
  // Calls `done` with kClosed for all that is under way, on the client's thread. May wait for a name look-up to end.
  virtual ~Client() = default;

  // Any thread; `done` is called on the client's thread, exactly once, and must not block.
  virtual void post(ClientRequest request, Done done) = 0;
};

}  // namespace hubferry::http

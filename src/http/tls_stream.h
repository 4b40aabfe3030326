#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include "http/tls_context.h"

struct ssl_st;  // OpenSSL's SSL

namespace hubferry::http {

enum class StepOutcome {
  kDone,        // `size` bytes have moved, at least one
  kWantsRead,   // nothing moved; again when the socket is readable
  kWantsWrite,  // nothing moved; again when the socket is writable
  kEnd,         // the peer has ended the stream
  kBroken,      // the connection is unusable; see reason()
};
struct Step {
  StepOutcome outcome = StepOutcome::kBroken;
  std::size_t size = 0;
};

// TLS over a connected, non-blocking socket that somebody else owns and waits for. It never blocks and raises no
// SIGPIPE. An idle connection holds no buffers. One thread.
class TlsStream {
 public:
  // The server's side. nullptr: there is no memory.
  static std::unique_ptr<TlsStream> server(const TlsContext& context, int socket);
  // The client's side: the server's certificate has to name `host`, which is a DNS name (sent as SNI) or an IP address
  // without brackets. nullptr: there is no memory, or `host` can be neither.
  static std::unique_ptr<TlsStream> client(const TlsContext& context, int socket, const std::string& host);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Until it is done nothing is read or written. kBroken has sent the peer an alert that says why.
  Step handshake();
  Step read(char* data, std::size_t size);
  // After kWants... the next call must begin with the same bytes, which may have moved in memory.
  Step write(const char* data, std::size_t size);
  // Tells the peer that nothing follows; does not wait for its answer.
  void shutdown();

  bool resumed() const;

  // Whether bytes have come that no read() has looked at.
  bool has_pending() const;
  // Why the stream is broken; empty when the peer just went away.
  const std::string& reason() const { return reason_; }

 private:
  struct Free {
    void operator()(ssl_st* given) const;
  };
  explicit TlsStream(int socket) : socket_(socket) {}
  static std::unique_ptr<TlsStream> over(const TlsContext& context, int socket);
  Step failed(int result);

  friend struct SocketBio;
  int socket_;
  bool ended_ = false;  // the socket's end was read
  bool established_ = false;
  bool broken_ = false;
  std::string reason_;
  std::unique_ptr<ssl_st, Free> ssl_;
};

}  // namespace hubferry::http

#pragma once
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace hubferry::http {

// What connections of one kind have in common; each connection keeps the one it began with.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

// PEM text and the name (path) that errors call it by.
struct Pem {
  std::string name;
  std::string text;
};

struct ServerIdentity {
  Pem certificate;  // the server's own first, then the chain up to but without the root
  Pem key;          // not encrypted
  Pem client_ca;    // empty text: clients need no certificate
};

// For servers: TLS 1.2 and 1.3. With `client_ca` a client without a certificate of one of these authorities, valid now
// and for clients, is refused in the handshake, and sessions are not resumed. The error names the file and the reason.
Result<TlsContext> server_context(const ServerIdentity& identity);

// When the server's certificate ends, as OpenSSL writes it, and whether it is valid now.
struct Validity {
  bool valid = false;
  std::string until;
};
Validity validity_of(const TlsContext& context);

// The newest entry of this thread's OpenSSL errors in words; empties them.
std::string tls_error();

}  // namespace hubferry::http

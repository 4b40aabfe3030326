#pragma once
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;      // OpenSSL's SSL_CTX
struct ssl_session_st;  // OpenSSL's SSL_SESSION

namespace hubferry::http {

// What connections of one kind have in common; each connection keeps the one it began with.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

// PEM text and the name (path) that errors call it by.
struct Pem {
  std::string name;
  std::string text;
};

// What one side shows and whom it believes.
struct TlsIdentity {
  Pem certificate;  // its own first, then the chain up to but without the root; empty text: none (clients only)
  Pem key;          // not encrypted
  Pem authorities;  // empty text: a server asks for no certificates, a client believes the system's authorities
};

// For servers: TLS 1.2 and 1.3. With authorities a client without a certificate of one of them, valid now and for
// clients, is refused in the handshake, and sessions are not resumed. The error names the file and the reason.
Result<TlsContext> server_context(const TlsIdentity& identity);

// For clients of one server: TLS 1.2 and 1.3, HTTP/1.1 by ALPN. The server has to show a certificate of one of the
// authorities, valid now and for servers. Keeps the last session, which the next connection resumes: a certificate is
// then not looked at again until the server lets the session expire.
Result<TlsContext> client_context(const TlsIdentity& identity);

// The session that the next connection of a client's context may resume; nullptr: none. Belongs to the context.
ssl_session_st* last_session(ssl_ctx_st* context);

// Whether the context has a certificate of its own.
bool has_certificate(const TlsContext& context);

// When its own certificate ends, as OpenSSL writes it, and whether it is valid now.
struct Validity {
  bool valid = false;
  std::string until;
};
Validity validity_of(const TlsContext& context);

// The newest entry of this thread's OpenSSL errors in words; empties them.
std::string tls_error();

}  // namespace hubferry::http

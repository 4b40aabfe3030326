#include "http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>

namespace hubferry::http {

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL.
struct SocketBio {
  static int write(BIO* bio, const char* data, int size) {
    const auto sent = ::send(of(bio).socket_, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    BIO_clear_retry_flags(bio);
    if (sent < 0 && passing(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }

  static int read(BIO* bio, char* data, int size) {
    const auto received = ::recv(of(bio).socket_, data, static_cast<std::size_t>(size), 0);
    BIO_clear_retry_flags(bio);
    if (received < 0 && passing(errno)) BIO_set_retry_read(bio);
    of(bio).ended_ = received == 0;
    return static_cast<int>(received);
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const known = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
      if (made == nullptr) return made;
      BIO_meth_set_write(made, write);
      BIO_meth_set_read(made, read);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    return known;
  }

 private:
  static TlsStream& of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }
  static bool passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }
};

void TlsStream::Free::operator()(ssl_st* given) const {
  SSL_free(given);
}

TlsStream::~TlsStream() = default;

std::unique_ptr<TlsStream> TlsStream::over(const TlsContext& context, int socket) {
  std::unique_ptr<TlsStream> stream(new TlsStream(socket));
  stream->ssl_.reset(SSL_new(context.get()));
  BIO* bio = SocketBio::method() == nullptr ? nullptr : BIO_new(SocketBio::method());
  if (!stream->ssl_ || bio == nullptr) {
    BIO_free(bio);
    ERR_clear_error();
    return nullptr;
  }
  BIO_set_data(bio, stream.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(stream->ssl_.get(), bio, bio);
  return stream;
}

std::unique_ptr<TlsStream> TlsStream::server(const TlsContext& context, int socket) {
  auto stream = over(context, socket);
  if (stream) SSL_set_accept_state(stream->ssl_.get());
  return stream;
}

std::unique_ptr<TlsStream> TlsStream::client(const TlsContext& context, int socket, const std::string& host) {
  auto stream = over(context, socket);
  if (!stream) return nullptr;
  SSL* ssl = stream->ssl_.get();
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1) {
    ERR_clear_error();
    // A final dot belongs to the look-up, not to the name (RFC 6066, section 3).
    const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    if (SSL_set1_host(ssl, name.c_str()) != 1 || SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) {
      ERR_clear_error();
      return nullptr;
    }
  }
  if (SSL_SESSION* session = last_session(context.get())) SSL_set_session(ssl, session);
  SSL_set_connect_state(ssl);
  return stream;
}

Step TlsStream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return failed(result);
  established_ = true;
  return {StepOutcome::kDone, 0};
}

Step TlsStream::read(char* data, std::size_t size) {
  ERR_clear_error();
  std::size_t moved = 0;
  const int result = SSL_read_ex(ssl_.get(), data, size, &moved);
  return result == 1 ? Step{StepOutcome::kDone, moved} : failed(result);
}

Step TlsStream::write(const char* data, std::size_t size) {
  ERR_clear_error();
  std::size_t moved = 0;
  const int result = SSL_write_ex(ssl_.get(), data, size, &moved);
  return result == 1 ? Step{StepOutcome::kDone, moved} : failed(result);
}

Step TlsStream::failed(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {StepOutcome::kWantsRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {StepOutcome::kWantsWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {StepOutcome::kEnd, 0};
    case SSL_ERROR_SSL:
      reason_ = tls_error();
      if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
        reason_ += std::string(": ") + X509_verify_cert_error_string(verdict);
      }
      break;
    default:  // the peer closed or reset the connection
      ERR_clear_error();
  }
  broken_ = true;
  return {StepOutcome::kBroken, 0};
}

void TlsStream::shutdown() {
  if (!established_ || broken_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool TlsStream::resumed() const {
  return SSL_session_reused(ssl_.get()) == 1;
}

bool TlsStream::has_pending() const {
  return SSL_has_pending(ssl_.get()) == 1;
}

}  // namespace hubferry::http

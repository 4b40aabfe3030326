#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "component/http/certificates.h"
#include "component/http/raw_socket.h"

namespace hubferry::testing_http {

// A server's side of TLS, for many connections: sessions can be resumed.
class TlsPeerContext {
 public:
  // `client_ca`: PEM of the authority that a client's certificate has to come from; empty: none is asked for.
  explicit TlsPeerContext(const Identity& identity, int version = TLS1_3_VERSION, const std::string& client_ca = {})
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_min_proto_version(get(), version);
    SSL_CTX_set_max_proto_version(get(), version);
    SSL_CTX_set_security_level(get(), 0);
    SSL_CTX_use_certificate(get(), certificate(identity.certificate).get());
    const std::unique_ptr<BIO, FreeOpenssl> bio(BIO_new_mem_buf(identity.key.data(), -1));
    const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_PrivateKey(get(), key.get());
    if (client_ca.empty()) return;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(get()), certificate(client_ca).get());
    SSL_CTX_set_verify(get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }

  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* given) const { SSL_CTX_free(given); }
  };
  static X509Ptr certificate(const std::string& pem) {
    const std::unique_ptr<BIO, FreeOpenssl> bio(BIO_new_mem_buf(pem.data(), -1));
    return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  }

  std::unique_ptr<SSL_CTX, Free> context_;
};

// A blocking TLS server over an accepted RawSocket.
class TlsPeer final : public RawSocket {
 public:
  TlsPeer(RawSocket socket, const TlsPeerContext& context) : RawSocket(std::move(socket)) {
    const timeval patience{kPatience.count(), 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssl_.reset(SSL_new(context.get()));
    SSL_set_fd(ssl_.get(), fd());
    ERR_clear_error();
    established_ = SSL_accept(ssl_.get()) == 1;
  }

  bool established() const { return established_; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // The name that the client asked for; empty: none.
  std::string asked_for() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }
  // Of the client's certificate; empty: none.
  std::string common_name() const {
    const X509Ptr peer(SSL_get1_peer_certificate(ssl_.get()));
    char name[256] = "";
    if (peer) X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    return name;
  }
  // Ends the stream as it should be.
  void finish() { SSL_shutdown(ssl_.get()); }
  // Whether the stream ended with the client's close_notify.
  bool ended_properly() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

 protected:
  ssize_t put(std::string_view text) override {
    ERR_clear_error();
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  }
  ssize_t get(char* bytes, std::size_t size) override {
    ERR_clear_error();
    return SSL_read(ssl_.get(), bytes, static_cast<int>(size));
  }
  bool has_more() override { return SSL_has_pending(ssl_.get()) == 1; }

 private:
  struct Free {
    void operator()(SSL* given) const { SSL_free(given); }
  };
  std::unique_ptr<SSL, Free> ssl_;
  bool established_ = false;
};

}  // namespace hubferry::testing_http

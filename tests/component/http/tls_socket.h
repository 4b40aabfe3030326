#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "component/http/certificates.h"
#include "component/http/raw_socket.h"

namespace hubferry::testing_http {

// What a client brings to the handshake.
struct ClientTls {
  std::string trusted;  // PEM of the authorities whose servers are believed
  Identity own;         // empty: none
  int most_version = TLS1_3_VERSION;
};

// A blocking TLS client over a RawSocket's connection. With TLS 1.3 a server's refusal of the client's certificate
// comes only after the client's own handshake: as the error of the first read.
class TlsSocket final : public RawSocket {
 public:
  TlsSocket(RawSocket socket, const ClientTls& tls) : RawSocket(std::move(socket)) {
    const timeval patience{kPatience.count(), 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), tls.most_version);
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (!tls.trusted.empty()) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), certificate(tls.trusted).get());
    }
    if (!tls.own.certificate.empty()) {
      SSL_CTX_use_certificate(context_.get(), certificate(tls.own.certificate).get());
      const std::unique_ptr<BIO, FreeOpenssl> bio(BIO_new_mem_buf(tls.own.key.data(), -1));
      const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
      SSL_CTX_use_PrivateKey(context_.get(), key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set1_host(ssl_.get(), "localhost");
    SSL_set_fd(ssl_.get(), fd());
    ERR_clear_error();
    established_ = SSL_connect(ssl_.get()) == 1;
    note_error();
  }

  bool established() const { return established_; }
  // Of the handshake or of the last read that failed.
  const std::string& error() const { return error_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  // Of the server's certificate.
  std::string common_name() const {
    const X509Ptr peer(SSL_get1_peer_certificate(ssl_.get()));
    char name[256] = "";
    if (peer) X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    return name;
  }
  // Certificates that the server sent.
  int chain_length() const { return sk_X509_num(SSL_get_peer_cert_chain(ssl_.get())); }
  // Whether the stream ended with the peer's close_notify.
  bool ended_properly() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

 protected:
  ssize_t put(std::string_view text) override {
    ERR_clear_error();
    const int sent = SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    if (sent <= 0) note_error();
    return sent;
  }
  ssize_t get(char* bytes, std::size_t size) override {
    ERR_clear_error();
    const int received = SSL_read(ssl_.get(), bytes, static_cast<int>(size));
    if (received <= 0) note_error();
    return received;
  }
  bool has_more() override { return SSL_has_pending(ssl_.get()) == 1; }

 private:
  struct Free {
    void operator()(SSL_CTX* given) const { SSL_CTX_free(given); }
    void operator()(SSL* given) const { SSL_free(given); }
  };

  static X509Ptr certificate(const std::string& pem) {
    const std::unique_ptr<BIO, FreeOpenssl> bio(BIO_new_mem_buf(pem.data(), -1));
    return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  }

  void note_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    error_ = reason != nullptr ? reason : "";
  }

  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool established_ = false;
  std::string error_;
};

}  // namespace hubferry::testing_http

#include "http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <vector>

namespace hubferry::http {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

tl::unexpected<Error> wrong(const Pem& pem, const std::string& reason) {
  return hubferry::fail(ErrorCode::kInvalid, pem.name + ": " + reason);
}

Bio reader(const Pem& pem) {
  return Bio(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
}

// Instead of asking at the terminal.
int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// All certificates of the file, at least one.
Result<std::vector<Certificate>> certificates(const Pem& pem) {
  std::vector<Certificate> found;
  const Bio bio = reader(pem);
  ERR_clear_error();
  for (;;) {
    bool asked = false;
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_password, &asked));
    if (next) {
      found.push_back(std::move(next));
      continue;
    }
    const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = tls_error();
    if (!end) return wrong(pem, "a certificate in it is damaged: " + reason);
    if (found.empty()) return wrong(pem, "holds no PEM certificate (-----BEGIN CERTIFICATE-----)");
    return found;
  }
}

Result<Key> private_key(const Pem& pem) {
  const Bio bio = reader(pem);
  bool asked = false;
  ERR_clear_error();
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &asked));
  const bool none = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ||
                    ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_UNSUPPORTED;
  const std::string reason = tls_error();
  if (key) return key;
  if (asked) return wrong(pem, "the key is encrypted; store it without passphrase, readable by the daemon only");
  if (none) return wrong(pem, "holds no PEM private key (-----BEGIN PRIVATE KEY-----)");
  return wrong(pem, "the private key in it is damaged: " + reason);
}

Status use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  const auto chain = certificates(identity.certificate);
  if (!chain) return tl::make_unexpected(chain.error());
  const auto key = private_key(identity.key);
  if (!key) return tl::make_unexpected(key.error());
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return wrong(identity.certificate, "OpenSSL refuses the certificate: " + tls_error());
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return wrong(identity.certificate, "OpenSSL refuses the chain: " + tls_error());
    }
  }
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    static_cast<void>(tls_error());
    return wrong(identity.key, "does not belong to the first certificate of " + identity.certificate.name);
  }
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    return wrong(identity.key, "OpenSSL refuses the key: " + tls_error());
  }
  return {};
}

Status trust(SSL_CTX* context, const Pem& authorities, bool ask_for_them) {
  const auto trusted = certificates(authorities);
  if (!trusted) return tl::make_unexpected(trusted.error());
  for (const Certificate& certificate : *trusted) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1 ||
        (ask_for_them && SSL_CTX_add_client_CA(context, certificate.get()) != 1)) {
      return wrong(authorities, "OpenSSL refuses a certificate: " + tls_error());
    }
  }
  return {};
}

Status ask_for_certificates(SSL_CTX* context, const Pem& authorities) {
  if (auto trusted = trust(context, authorities, true); !trusted) return trusted;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // A resumed session would not look at the certificate again.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

// The place in a client's context that holds its last session; -1: there is no memory.
int session_place() {
  static const int place = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                                    [](void*, void* session, CRYPTO_EX_DATA*, int, long, void*) {
                                                      SSL_SESSION_free(static_cast<SSL_SESSION*>(session));
                                                    });
  return place;
}

int keep_session(SSL* connection, SSL_SESSION* session) {
  SSL_CTX* context = SSL_get_SSL_CTX(connection);
  auto* before = static_cast<SSL_SESSION*>(SSL_CTX_get_ex_data(context, session_place()));
  if (SSL_CTX_set_ex_data(context, session_place(), session) != 1) return 0;
  SSL_SESSION_free(before);
  return 1;  // the session is ours now
}

Result<TlsContext> plain_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method), [](SSL_CTX* given) { SSL_CTX_free(given); });
  if (!context) return hubferry::fail(ErrorCode::kInternal, "OpenSSL cannot start: " + tls_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);  // otherwise two reads for each record
  return context;
}

}  // namespace

std::string tls_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

Result<TlsContext> server_context(const TlsIdentity& identity) {
  auto made = plain_context(TLS_server_method());
  if (!made) return made;
  SSL_CTX* context = made->get();
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets need no memory here
  if (auto used = use_identity(context, identity); !used) return tl::make_unexpected(std::move(used.error()));
  if (!identity.authorities.text.empty()) {
    if (auto asked = ask_for_certificates(context, identity.authorities); !asked) {
      return tl::make_unexpected(std::move(asked.error()));
    }
  }
  return made;
}

Result<TlsContext> client_context(const TlsIdentity& identity) {
  auto made = plain_context(TLS_client_method());
  if (!made) return made;
  SSL_CTX* context = made->get();
  if (!identity.certificate.text.empty()) {
    if (auto used = use_identity(context, identity); !used) return tl::make_unexpected(std::move(used.error()));
  }
  if (!identity.authorities.text.empty()) {
    if (auto trusted = trust(context, identity.authorities, false); !trusted) {
      return tl::make_unexpected(std::move(trusted.error()));
    }
  } else if (SSL_CTX_set_default_verify_paths(context) != 1) {
    return hubferry::fail(ErrorCode::kInternal, "the system's certificate authorities cannot be read: " + tls_error());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  if (session_place() < 0 || SSL_CTX_set_alpn_protos(context, kHttp11.data(), kHttp11.size()) != 0) {
    return hubferry::fail(ErrorCode::kInternal, "OpenSSL cannot start: " + tls_error());
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  return made;
}

ssl_session_st* last_session(ssl_ctx_st* context) {
  return static_cast<SSL_SESSION*>(SSL_CTX_get_ex_data(context, session_place()));
}

bool has_certificate(const TlsContext& context) {
  return SSL_CTX_get0_certificate(context.get()) != nullptr;
}

Validity validity_of(const TlsContext& context) {
  const X509* certificate = SSL_CTX_get0_certificate(context.get());
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  Validity validity;
  validity.valid = X509_cmp_current_time(end) > 0 && X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0;
  const Bio bio(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (bio && ASN1_TIME_print(bio.get(), end) == 1) {
    const long size = BIO_get_mem_data(bio.get(), &text);
    validity.until.assign(text, static_cast<std::size_t>(size));
  }
  return validity;
}

}  // namespace hubferry::http

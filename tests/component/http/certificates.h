#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace hubferry::testing_http {

struct FreeOpenssl {
  void operator()(X509* given) const { X509_free(given); }
  void operator()(EVP_PKEY* given) const { EVP_PKEY_free(given); }
  void operator()(BIO* given) const { BIO_free(given); }
};
using X509Ptr = std::unique_ptr<X509, FreeOpenssl>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeOpenssl>;

// A certificate (PEM, the own one first) and its key.
struct Identity {
  std::string certificate;
  std::string key;
};

struct Wish {
  std::string name = "localhost";                    // common name
  std::string use = "serverAuth";                    // extended key usage
  std::string names = "DNS:localhost,IP:127.0.0.1";  // subject alternative names
  long valid_from = -3'600;                          // seconds from now
  long valid_until = 3'600;
};

// An authority of the test's own, made of nothing: P-256 keys, so that a certificate takes less than a millisecond.
class Authority {
 public:
  explicit Authority(const std::string& name = "test authority") : key_(EVP_EC_gen("P-256")) {
    certificate_ = make(name, key_.get(), -3'600, 3'600);
    extend(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign");
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  }

  std::string pem() const { return pem_of(certificate_.get()); }

  Identity issue(const Wish& wish = {}) const {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const X509Ptr made = make(wish.name, key.get(), wish.valid_from, wish.valid_until);
    extend(made.get(), certificate_.get(), NID_subject_alt_name, wish.names);
    extend(made.get(), certificate_.get(), NID_ext_key_usage, wish.use);
    X509_sign(made.get(), key_.get(), EVP_sha256());
    const std::unique_ptr<BIO, FreeOpenssl> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {pem_of(made.get()), text_of(bio.get())};
  }

 private:
  X509Ptr make(const std::string& name, EVP_PKEY* key, long from, long until) const {
    static std::atomic<long> serial{1};
    X509Ptr made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), until);
    X509_set_pubkey(made.get(), key);
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(made.get(), certificate_ ? X509_get_subject_name(certificate_.get()) : subject);
    return made;
  }

  static void extend(X509* made, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, made, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(made, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static std::string pem_of(X509* certificate) {
    const std::unique_ptr<BIO, FreeOpenssl> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
  }
  static std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return std::string(text, static_cast<std::size_t>(size));
  }

  KeyPtr key_;
  X509Ptr certificate_;
};

// The same key behind a passphrase.
inline std::string encrypted(const std::string& key) {
  const std::unique_ptr<BIO, FreeOpenssl> from(BIO_new_mem_buf(key.data(), -1));
  const KeyPtr plain(PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<BIO, FreeOpenssl> bio(BIO_new(BIO_s_mem()));
  const unsigned char passphrase[] = "test";
  PEM_write_bio_PrivateKey(bio.get(), plain.get(), EVP_aes_256_cbc(), passphrase, 4, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "hubferry-http-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  // As operators and Kubernetes do: nobody sees a half-written file.
  void replace(const std::string& name, const std::string& text) const {
    std::filesystem::rename(write(name + ".new", text), path_ / name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace hubferry::testing_http

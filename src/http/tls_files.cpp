#include "http/tls_files.h"

#include <spdlog/spdlog.h>

#include <functional>
#include <utility>

namespace hubferry::http {
namespace {

constexpr Milliseconds kLookPeriod{10'000};

Status read_into(Pem& pem, WatchedFile& file) {
  auto text = file.read();
  if (!text) return tl::make_unexpected(std::move(text.error()));
  pem = {file.path().string(), std::move(*text)};
  return {};
}

}  // namespace

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& key,
                                                 const std::filesystem::path& client_ca, Instant now) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(certificate, key));
  if (!client_ca.empty()) files->client_ca_.emplace(client_ca);
  if (auto read = files->read(); !read) return tl::make_unexpected(std::move(read.error()));
  files->next_look_ = now + kLookPeriod;
  files->tell_validity();
  return files;
}

// All files are read even when one is bad, so that changed() means a change of any since now.
Result<bool> TlsFiles::read() {
  ServerIdentity identity;
  Status all = read_into(identity.certificate, certificate_);
  if (auto read = read_into(identity.key, key_); all && !read) all = std::move(read);
  if (client_ca_) {
    if (auto read = read_into(identity.client_ca, *client_ca_); all && !read) all = std::move(read);
    if (all && identity.client_ca.text.empty()) {
      all = fail(ErrorCode::kInvalid, client_ca_->path().string() + ": is empty");
    }
  }
  if (!all) return tl::make_unexpected(std::move(all.error()));
  const std::size_t content =
      std::hash<std::string>{}(identity.certificate.text + '\0' + identity.key.text + '\0' + identity.client_ca.text);
  if (context_ && content == content_) return false;
  auto context = server_context(identity);
  if (!context) return tl::make_unexpected(std::move(context.error()));
  context_ = std::move(*context);
  content_ = content;
  return true;
}

void TlsFiles::tell_validity() const {
  const Validity validity = validity_of(context_);
  if (validity.valid) {
    spdlog::info("TLS certificate {}: valid until {}", certificate_.path().string(), validity.until);
  } else {
    spdlog::warn("TLS certificate {}: not valid now (it ends {}); clients will refuse it", certificate_.path().string(),
                 validity.until);
  }
}

void TlsFiles::reload() {
  const auto renewed = read();
  if (!renewed) {
    if (std::exchange(last_problem_, renewed.error().message) != last_problem_) {
      spdlog::error("{}; the certificate and key read before stay in use", last_problem_);
    }
    return;
  }
  last_problem_.clear();
  if (*renewed) tell_validity();
}

const TlsContext& TlsFiles::context(Instant now) {
  if (now >= next_look_) {
    next_look_ = now + kLookPeriod;
    if (certificate_.changed() || key_.changed() || (client_ca_ && client_ca_->changed())) reload();
  }
  return context_;
}

}  // namespace hubferry::http

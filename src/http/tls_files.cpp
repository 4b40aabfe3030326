#include "http/tls_files.h"

#include <spdlog/spdlog.h>

#include <functional>
#include <utility>

namespace hubferry::http {
namespace {

constexpr Milliseconds kLookPeriod{10'000};

void watch(std::optional<WatchedFile>& file, const std::filesystem::path& path) {
  if (!path.empty()) file.emplace(path);
}

// A file that is not named gives an empty text.
Status read_into(Pem& pem, std::optional<WatchedFile>& file) {
  if (!file) return {};
  auto text = file->read();
  if (!text) return tl::make_unexpected(std::move(text.error()));
  pem = {file->path().string(), std::move(*text)};
  if (pem.text.empty()) return fail(ErrorCode::kInvalid, pem.name + ": is empty");
  return {};
}

bool has_changed(const std::optional<WatchedFile>& file) {
  return file && file->changed();
}

}  // namespace

TlsFiles::TlsFiles(MakeContext make, const std::filesystem::path& certificate, const std::filesystem::path& key,
                   const std::filesystem::path& authorities)
    : make_(make) {
  watch(certificate_, certificate);
  watch(key_, key);
  watch(authorities_, authorities);
}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& key,
                                                 const std::filesystem::path& client_ca, Instant now) {
  return opened(std::unique_ptr<TlsFiles>(new TlsFiles(server_context, certificate, key, client_ca)), now);
}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open_for_client(const std::filesystem::path& ca,
                                                            const std::filesystem::path& certificate,
                                                            const std::filesystem::path& key, Instant now) {
  return opened(std::unique_ptr<TlsFiles>(new TlsFiles(client_context, certificate, key, ca)), now);
}

Result<std::unique_ptr<TlsFiles>> TlsFiles::opened(std::unique_ptr<TlsFiles> files, Instant now) {
  if (auto read = files->read(); !read) return tl::make_unexpected(std::move(read.error()));
  files->next_look_ = now + kLookPeriod;
  files->tell_validity();
  return files;
}

// All files are read even when one is bad, so that changed() means a change of any since now.
Result<bool> TlsFiles::read() {
  TlsIdentity identity;
  Status all = read_into(identity.certificate, certificate_);
  if (auto read = read_into(identity.key, key_); all && !read) all = std::move(read);
  if (auto read = read_into(identity.authorities, authorities_); all && !read) all = std::move(read);
  if (!all) return tl::make_unexpected(std::move(all.error()));
  const std::size_t content =
      std::hash<std::string>{}(identity.certificate.text + '\0' + identity.key.text + '\0' + identity.authorities.text);
  if (context_ && content == content_) return false;
  auto context = make_(identity);
  if (!context) return tl::make_unexpected(std::move(context.error()));
  context_ = std::move(*context);
  content_ = content;
  return true;
}

void TlsFiles::tell_validity() const {
  if (!has_certificate(context_)) return;
  const Validity validity = validity_of(context_);
  const std::string name = certificate_->path().string();
  if (validity.valid) {
    spdlog::info("TLS certificate {}: valid until {}", name, validity.until);
  } else {
    spdlog::warn("TLS certificate {}: not valid now (it ends {}); the other side will refuse it", name, validity.until);
  }
}

void TlsFiles::reload() {
  const auto renewed = read();
  if (!renewed) {
    if (std::exchange(last_problem_, renewed.error().message) != last_problem_) {
      spdlog::error("{}; what was read before stays in use", last_problem_);
    }
    return;
  }
  last_problem_.clear();
  if (*renewed) tell_validity();
}

const TlsContext& TlsFiles::context(Instant now) {
  if (now >= next_look_) {
    next_look_ = now + kLookPeriod;
    if (has_changed(certificate_) || has_changed(key_) || has_changed(authorities_)) reload();
  }
  return context_;
}

}  // namespace hubferry::http

#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/tls_context.h"
#include "http/watched_file.h"

namespace hubferry::http {

// What one side of TLS shows and believes, as files that are replaced while the daemon runs. New ones count for new
// connections; those that cannot be used keep what was good before and are logged once. One thread.
class TlsFiles {
 public:
  // A server's. `client_ca` may be empty: clients need no certificate. The error names the file and the reason.
  static Result<std::unique_ptr<TlsFiles>> open(const std::filesystem::path& certificate,
                                                const std::filesystem::path& key,
                                                const std::filesystem::path& client_ca, Instant now);
  // A client's. `ca` may be empty: the system's authorities; `certificate` and `key` may: none is shown.
  static Result<std::unique_ptr<TlsFiles>> open_for_client(const std::filesystem::path& ca,
                                                           const std::filesystem::path& certificate,
                                                           const std::filesystem::path& key, Instant now);

  // For the next connection. Looks at the files at most every 10 s.
  const TlsContext& context(Instant now);

  // Reads the files again, changed or not.
  void reload();

 private:
  using MakeContext = Result<TlsContext> (*)(const TlsIdentity&);
  using File = std::optional<WatchedFile>;
  TlsFiles(MakeContext make, const std::filesystem::path& certificate, const std::filesystem::path& key,
           const std::filesystem::path& authorities);
  static Result<std::unique_ptr<TlsFiles>> opened(std::unique_ptr<TlsFiles> files, Instant now);
  // Whether there is something new.
  Result<bool> read();
  void tell_validity() const;

  const MakeContext make_;
  File certificate_;
  File key_;
  File authorities_;
  TlsContext context_;
  std::size_t content_ = 0;  // hash of what `context_` was made of
  Instant next_look_;
  std::string last_problem_;  // as it was logged
};

}  // namespace hubferry::http

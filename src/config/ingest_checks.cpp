#include "config/ingest_checks.h"

#include <algorithm>
#include <string>

#include "config/address_values.h"
#include "config/file.h"
#include "config/values.h"

namespace hubferry::config {
namespace {

constexpr std::size_t kLongestSocketPath = 107;  // sockaddr_un.sun_path without its end

tl::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), Disposition::kFatal);
}

Status check_tls(const IngestSettings& ingest) {
  const bool certificate = !ingest.tls_certificate_file.empty();
  const bool key = !ingest.tls_key_file.empty();
  if (certificate && !key) return wrong("ingest.tls.certificate-file needs ingest.tls.key-file, its private key");
  if (key && !certificate) return wrong("ingest.tls.key-file needs ingest.tls.certificate-file");
  if (!ingest.tls_client_ca_file.empty() && !certificate) {
    return wrong(
        "ingest.tls.client-ca-file needs ingest.tls.certificate-file and ingest.tls.key-file: clients show "
        "certificates "
        "only to a server with TLS");
  }
  return {};
}

Status check_socket(const std::string& path) {
  if (path.empty()) return {};
  if (path.front() != '/') return wrong("ingest.unix-socket = " + path + ": must be an absolute path");
  if (path.size() <= kLongestSocketPath) return {};
  return wrong("ingest.unix-socket: its path has " + std::to_string(path.size()) +
               " bytes, Unix sockets take at most " + std::to_string(kLongestSocketPath));
}

void warn_of_readers(const std::string& key, const std::filesystem::path& path, Settings& settings) {
  if (path.empty() || !readable_by_others(path.string())) return;
  settings.warnings.push_back(key + " = " + path.string() +
                              ": every user of this host can read this secret: chmod 0640 or stricter");
}

Status check_reach(Settings& settings) {
  const IngestSettings& ingest = settings.ingest;
  const bool token = !ingest.bearer_token_file.empty();
  const bool certificates = !ingest.tls_client_ca_file.empty();
  const auto address = parse_host_port(ingest.listen);
  if (address && is_loopback(address->host)) return {};
  const std::string reached = "ingest.listen = " + ingest.listen + " is not a loopback address: ";
  if (!token && !certificates && !ingest.allow_anonymous) {
    return wrong(reached +
                 "whoever reaches it could post events. Choose one of three: ingest.bearer-token-file (clients show a "
                 "token), ingest.tls.client-ca-file (clients show a certificate), or ingest.allow-anonymous = true "
                 "(a trusted network)");
  }
  if (!token && !certificates) {
    settings.warnings.push_back(reached +
                                "whoever reaches it may post events (ingest.allow-anonymous), so let only "
                                "trusted networks reach it");
  } else if (token && ingest.tls_certificate_file.empty()) {
    settings.warnings.push_back(reached +
                                "tokens and events cross the network readable; set ingest.tls.certificate-file and "
                                "ingest.tls.key-file unless a proxy in front or a mesh encrypts");
  }
  return {};
}

}  // namespace

Status check_ingest(Settings& settings) {
  const IngestSettings& ingest = settings.ingest;
  if (auto status = check_tls(ingest); !status) return status;
  if (auto status = check_socket(ingest.unix_socket.string()); !status) return status;
  if (auto status = check_reach(settings); !status) return status;
  warn_of_readers("ingest.bearer-token-file", ingest.bearer_token_file, settings);
  warn_of_readers("ingest.tls.key-file", ingest.tls_key_file, settings);
  return {};
}

}  // namespace hubferry::config

#include "ctl/daemon_call.h"

#include <boost/json.hpp>
#include <future>
#include <memory>
#include <optional>

#include "config/file.h"
#include "config/values.h"

namespace hubferry::ctl {
namespace {

constexpr Milliseconds kTimeout{20'000};  // a daemon waits up to 15 s for the control log
constexpr std::size_t kMostShown = 300;   // bytes of an answer

// Loopback for a daemon that listens on all addresses.
std::string reachable(const std::string& host) {
  if (host.empty() || host == "0.0.0.0" || host == "*") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

// The first token of the file; empty: none is needed.
Result<std::string> token_of(const std::string& file) {
  if (file.empty()) return std::string();
  const auto text = config::read_text_file(file, "token file");
  if (!text) return tl::make_unexpected(text.error());
  for (const std::string& line : config::split_list(*text, '\n')) {
    std::string token(config::trimmed(line));
    if (!token.empty()) return token;
  }
  return fail(ErrorCode::kInvalid, file + " holds no token");
}

// `send`: Client::get or Client::post.
Result<http::ClientResponse> call(const Daemon& daemon, const std::string& path, http::ClientRequest request,
                                  void (http::Client::*send)(http::ClientRequest, http::Client::Done)) {
  const std::string url = daemon.url + path;
  const auto target = http::parse_url(url);
  if (!target) return tl::make_unexpected(target.error());
  std::promise<Result<http::ClientResponse>> answer;  // outlives the client
  http::ClientOptions options;
  options.max_connections = 1;
  options.tls_ca_file = daemon.tls_ca_file;
  const auto client = http::Client::create(*target, options);
  if (!client) return tl::make_unexpected(client.error());
  if (!daemon.token.empty()) request.headers += "Authorization: Bearer " + daemon.token + "\r\n";
  request.timeout = daemon.timeout;
  ((**client).*send)(std::move(request),
                     [&answer](Result<http::ClientResponse> result) { answer.set_value(std::move(result)); });
  auto response = answer.get_future().get();
  if (response) return response;
  Error error = response.error();
  error.message =
      "no answer from " + url + ": " + error.message + "; is the daemon running there? (--url names another place)";
  return tl::make_unexpected(std::move(error));
}

std::optional<boost::json::object> parsed(const http::ClientResponse& response) {
  boost::system::error_code error;
  auto body = boost::json::parse(response.body, error);
  if (error || !body.is_object()) return std::nullopt;
  return std::move(body.get_object());
}

// What application/problem+json has to say, else the body's beginning.
std::string detail_of(const http::ClientResponse& response) {
  const auto problem = parsed(response);
  const auto* detail = problem ? problem->if_contains("detail") : nullptr;
  if (detail != nullptr && detail->is_string()) return std::string(detail->get_string());
  return response.body.substr(0, kMostShown);
}

}  // namespace

std::string daemon_url(const config::IngestSettings& ingest) {
  const auto address = config::parse_host_port(ingest.listen);
  const std::string scheme = ingest.tls_certificate_file.empty() ? "http://" : "https://";
  if (!address) return scheme + ingest.listen;
  return scheme + reachable(address->host) + ':' + std::to_string(address->port);
}

Result<Daemon> daemon_of(const Options& options, const config::Settings& settings) {
  const auto timeout = options.duration("timeout");
  if (!timeout) return tl::make_unexpected(timeout.error());
  const bool named = options.has("token-file");
  const auto token = token_of(named ? options.text("token-file") : settings.ingest.bearer_token_file.string());
  if (!token) return tl::make_unexpected(token.error());
  Daemon daemon;
  daemon.url = options.has("url") ? options.text("url") : daemon_url(settings.ingest);
  while (daemon.url.ends_with('/')) daemon.url.pop_back();
  daemon.token = *token;
  daemon.tls_ca_file = options.text("tls-ca-file");
  daemon.timeout = timeout->value_or(kTimeout);
  return daemon;
}

std::vector<Option> with_daemon_options(std::vector<Option> own) {
  own.insert(
      own.end(),
      {{"url", "URL", "where the daemon listens (default: ingest.listen of the configuration)"},
       {"token-file", "FILE", "file with the daemon's bearer token (default: ingest.bearer-token-file)"},
       {"tls-ca-file", "FILE", "PEM authorities that the daemon's certificate comes from (default: the system's)"},
       {"timeout", "TIME", "for the daemon's answer (default: 20s)"}});
  return own;
}

Result<http::ClientResponse> get(const Daemon& daemon, const std::string& path) {
  return call(daemon, path, {}, &http::Client::get);
}

Result<http::ClientResponse> post(const Daemon& daemon, const std::string& path, const std::string& json) {
  http::ClientRequest request;
  if (!json.empty()) request.headers = "Content-Type: application/json\r\n";
  request.body = json;
  return call(daemon, path, std::move(request), &http::Client::post);
}

Result<boost::json::object> object_of(const std::string& url, const http::ClientResponse& response,
                                      const std::string& missing) {
  const std::string answered = url + " answered " + std::to_string(response.status) + ": ";
  if (response.status == 401 || response.status == 403) {
    return fail(ErrorCode::kInvalid, answered + "give the daemon's token with --token-file FILE");
  }
  if (response.status == 404) return fail(ErrorCode::kNotFound, answered + missing);
  if (response.status != 200) return fail(ErrorCode::kUnavailable, answered + detail_of(response));
  auto object = parsed(response);
  if (!object) return unexpected_answer(url, response);
  return std::move(*object);
}

tl::unexpected<Error> unexpected_answer(const std::string& url, const http::ClientResponse& response) {
  return fail(ErrorCode::kInternal, url + " gave an unexpected answer: " + response.body.substr(0, kMostShown));
}

}  // namespace hubferry::ctl

#include "ctl/pause.h"

#include <boost/json.hpp>
#include <future>
#include <ostream>

#include "config/file.h"
#include "config/values.h"
#include "ctl/command.h"

namespace hubferry::ctl {
namespace {

constexpr const char* kPauseHelp =
    "Usage: hubferryctl pause --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Asks a running daemon to deliver no further events of a consume route. What the handler has is finished, the\n"
    "daemon stays in its group and keeps its partitions. It counts for this instance only, until hubferryctl resume "
    "or\n"
    "the daemon's next start: do the same with each instance.\n"
    "Exit code: 0 done, 2 wrong usage, refused or no answer.\n";

constexpr const char* kResumeHelp =
    "Usage: hubferryctl resume --route NAME --config FILE [OPTIONS]\n"
    "\n"
    "Lets a running daemon deliver the events of a consume route again, after hubferryctl pause. It counts for this\n"
    "instance only.\n"
    "Exit code: 0 done, 2 wrong usage, refused or no answer.\n";

constexpr Milliseconds kTimeout{15'000};

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

Result<http::ClientResponse> post(const std::string& url, const std::string& token, const std::string& ca_file,
                                  Milliseconds timeout) {
  const auto target = http::parse_url(url);
  if (!target) return tl::make_unexpected(target.error());
  std::promise<Result<http::ClientResponse>> answer;
  auto future = answer.get_future();
  http::ClientOptions options;
  options.max_connections = 1;
  options.tls_ca_file = ca_file;
  const auto client = http::Client::create(*target, options);
  if (!client) return tl::make_unexpected(client.error());
  http::ClientRequest request;
  if (!token.empty()) request.headers = "Authorization: Bearer " + token + "\r\n";
  request.timeout = timeout;
  (*client)->post(std::move(request),
                  [&answer](Result<http::ClientResponse> result) { answer.set_value(std::move(result)); });
  return future.get();
}

int ask(const Options& options, Session& session, bool pause) {
  const auto timeout = options.duration("timeout");
  if (!timeout) return complain(session.output, timeout.error());
  const auto settings = load_settings(options.text("config"), session.environment);
  if (!settings) return complain(session.output, settings.error());
  const auto route = consume_route(*settings, options);
  if (!route) return complain(session.output, route.error());
  const bool named = options.has("token-file");
  const auto token = token_of(named ? options.text("token-file") : settings->ingest.bearer_token_file.string());
  if (!token) return complain(session.output, token.error());
  std::string base = options.has("url") ? options.text("url") : daemon_url(settings->ingest);
  while (base.ends_with('/')) base.pop_back();
  const std::string url = base + "/v1/routes/" + (*route)->name + (pause ? "/pause" : "/resume");
  const auto response = post(url, *token, options.text("tls-ca-file"), timeout->value_or(kTimeout));
  if (!response) {
    Error error = response.error();
    error.message =
        "no answer from " + url + ": " + error.message + "; is the daemon running there? (--url names another place)";
    return complain(session.output, error);
  }
  const auto told = pause_answer(url, (*route)->name, pause, *response);
  if (!told) return complain(session.output, told.error());
  session.output.out << *told << '\n';
  return kSound;
}

int pause(const Options& options, Session& session) {
  return ask(options, session, true);
}
int resume(const Options& options, Session& session) {
  return ask(options, session, false);
}

std::vector<Option> known() {
  return {kConfigOption,
          {"route", "NAME", "the consume route (default: the only one)"},
          {"url", "URL", "where the daemon listens (default: ingest.listen of the configuration)"},
          {"token-file", "FILE", "file with the daemon's bearer token (default: ingest.bearer-token-file)"},
          {"tls-ca-file", "FILE", "PEM authorities that the daemon's certificate comes from (default: the system's)"},
          {"timeout", "TIME", "for the daemon's answer (default: 15s)"}};
}

}  // namespace

std::string daemon_url(const config::IngestSettings& ingest) {
  const auto address = config::parse_host_port(ingest.listen);
  const std::string scheme = ingest.tls_certificate_file.empty() ? "http://" : "https://";
  if (!address) return scheme + ingest.listen;
  return scheme + reachable(address->host) + ':' + std::to_string(address->port);
}

Result<std::string> pause_answer(const std::string& url, const std::string& route, bool pause,
                                 const http::ClientResponse& response) {
  const std::string status = std::to_string(response.status);
  if (response.status == 401 || response.status == 403) {
    return fail(ErrorCode::kInvalid, url + " answered " + status + ": give the daemon's token with --token-file FILE");
  }
  if (response.status == 404) {
    return fail(ErrorCode::kNotFound, url + " answered 404: that daemon has no consume route " + route);
  }
  if (response.status != 200) {
    return fail(ErrorCode::kUnavailable, url + " answered " + status + ": " + response.body.substr(0, 300));
  }
  boost::system::error_code error;
  const auto body = boost::json::parse(response.body, error);
  const auto* object = error ? nullptr : body.if_object();
  const auto* paused = object == nullptr ? nullptr : object->if_contains("paused");
  if (paused == nullptr || !paused->is_bool() || paused->get_bool() != pause) {
    return fail(ErrorCode::kInternal, url + " gave an unexpected answer: " + response.body.substr(0, 300));
  }
  return "route " + route + (pause ? " is paused" : " delivers again") +
         " in this instance; other instances of the daemon are not touched";
}

const Family& pause_family() {
  static const Family family{
      "pause", "Stop the deliveries of a consume route, in one daemon", {{"", kPauseHelp, known(), pause}}};
  return family;
}

const Family& resume_family() {
  static const Family family{"resume", "Let them go on", {{"", kResumeHelp, known(), resume}}};
  return family;
}

}  // namespace hubferry::ctl

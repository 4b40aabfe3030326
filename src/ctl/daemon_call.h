#pragma once
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "ctl/command.h"
#include "http/client.h"

namespace hubferry::ctl {

// Where the daemon of this configuration can be reached from its own host: http://127.0.0.1:8080
std::string daemon_url(const config::IngestSettings& ingest);

// A running daemon.
struct Daemon {
  std::string url;          // without a slash at its end
  std::string token;        // empty: none is needed
  std::string tls_ca_file;  // empty: the system's authorities
  Milliseconds timeout{0};  // for an answer
};
// As the options name it; what they leave out is that of the configuration.
Result<Daemon> daemon_of(const Options& options, const config::Settings& settings);
// `own` and those that daemon_of() reads.
std::vector<Option> with_daemon_options(std::vector<Option> own);

// Errors name the URL: no answer came.
Result<http::ClientResponse> get(const Daemon& daemon, const std::string& path);
// `json`: the body; may be empty.
Result<http::ClientResponse> post(const Daemon& daemon, const std::string& path, const std::string& json);

// The object that a daemon answered with 200. Other answers are errors, which say what was meant; `missing`: what 404
// means.
Result<boost::json::object> object_of(const std::string& url, const http::ClientResponse& response,
                                      const std::string& missing);
// An answer that is not as the question asks for.
tl::unexpected<Error> unexpected_answer(const std::string& url, const http::ClientResponse& response);

}  // namespace hubferry::ctl

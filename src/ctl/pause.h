#pragma once
#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "http/client.h"

namespace hubferry::ctl {

// Where the daemon of this configuration can be reached from its own host: http://127.0.0.1:8080
std::string daemon_url(const config::IngestSettings& ingest);

// What the daemon's answer to POST /v1/routes/ROUTE/pause (or resume) means. OK: what to tell, one line.
Result<std::string> pause_answer(const std::string& url, const std::string& route, bool pause,
                                 const http::ClientResponse& response);

}  // namespace hubferry::ctl

#pragma once
#include <string>

#include "base/result.h"
#include "http/client.h"

namespace hubferry::ctl {

// What the daemon's answer to POST /v1/routes/ROUTE/pause (or resume) means. OK: what to tell, one line.
Result<std::string> pause_answer(const std::string& url, const std::string& route, bool pause,
                                 const http::ClientResponse& response);

}  // namespace hubferry::ctl

#pragma once
#include <string>
#include <string_view>

#include "http/server.h"

namespace hubferry::http {

// The phrase for a status code, empty when it is unknown.
std::string_view reason_phrase(int status);

// What the connection's state adds to a response's header.
struct ResponseFraming {
  bool head = false;       // the request was HEAD: no body follows
  bool keep_alive = true;  // false: "Connection: close"
  bool http_1_1 = true;    // the request's version: HTTP/1.0 is told when the connection stays
};

// Overwrites `header` with the status line and all header fields of `response`, up to the empty line. Line breaks in
// the handler's field values become spaces. Has one clock per thread for the Date field.
void write_header(std::string& header, const Response& response, const ResponseFraming& framing);

// Whether a body may follow a response of this status.
inline bool status_has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace hubferry::http

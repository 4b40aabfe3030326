#pragma once
#include <memory>
#include <string>

#include "deliver/handler.h"
#include "http/client.h"

namespace hubferry::deliver {

// Header lines that tell a handler what it gets:
//   Content-Type       the record header content-type, else application/json
//   Idempotency-Key    SOURCE-SEQUENCE when the record has a valid `hf` header, so that a resend of one event has the
//   same
//                      key; else TOPIC-PARTITION-OFFSET
//   X-HubFerry-Topic, -Partition, -Offset, -Timestamp (ms), -Attempt
//   X-HubFerry-Key     percent-encoded; missing when the event has no key
//   X-HubFerry-Source, -Sequence, -Epoch   from `hf`
std::string delivery_headers(const event::Record& record, std::uint32_t attempt);

// What an exchange means: 2xx done; no connection, 429 and 503 unavailable (Retry-After in seconds honoured); else
// failed.
Outcome judge(const Result<http::ClientResponse>& response);

// POSTs each event's value. Thread: the HTTP client's.
class HttpHandler final : public Handler {
 public:
  HttpHandler(std::unique_ptr<http::Client> client, Milliseconds timeout)
      : timeout_(timeout), client_(std::move(client)) {}
  void deliver(std::shared_ptr<const event::Record> record, std::uint32_t attempt, Done done) override;

 private:
  Milliseconds timeout_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace hubferry::deliver

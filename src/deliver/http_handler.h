#pragma once
#include <memory>
#include <string>
#include <vector>

#include "deliver/handler.h"
#include "deliver/http_answer.h"
#include "deliver/http_batch.h"
#include "deliver/http_body.h"
#include "deliver/http_headers.h"
#include "http/bearer_token_file.h"
#include "http/client.h"

namespace hubferry::deliver {

// POSTs events to one URL, each for itself (http_headers.h) or in batches (http_body.h); http_answer.h says what the
// answers mean. Threads: requests are built by the one that delivers, answers come on the HTTP client's.
class HttpHandler final : public Handler {
 public:
  // See make_http_handler().
  static Result<std::unique_ptr<Handler>> create(const config::ConsumeRoute& route, Answers& answers);

  BatchLimits limits() const override { return limits_; }
  void deliver(std::vector<Delivery> batch) override;

 private:
  HttpHandler(const config::ConsumeRoute& route, DeliveryHeaders headers, Answers& answers);
  Status open(const config::ConsumeRoute& route);
  void deliver_one(Delivery delivery);
  // The header line with the token; empty without one.
  std::string authorization();

  const bool batches_;
  const BatchLimits limits_;
  const Milliseconds timeout_;
  const config::Order order_;
  const DeliveryHeaders headers_;
  Answers& answers_;
  BatchWriter writer_;
  BatchJudge judge_;
  std::unique_ptr<http::BearerTokenFile> token_;
  std::unique_ptr<BatchContext> context_;  // for batches
  std::unique_ptr<http::Client> client_;   // last: it ends before the rest goes
};

// For a route whose handler is an http:// or https:// URL. Errors say what to mend. `answers` must outlive it.
Result<std::unique_ptr<Handler>> make_http_handler(const config::ConsumeRoute& route, Answers& answers);

}  // namespace hubferry::deliver

#include "deliver/http_handler.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kUsualHeaderBytes = 640;
// What a handler may answer; a batch's answer has a status and a reason for each event.
constexpr std::uint64_t kAnswerBytes = 1024 * 1024;
constexpr std::uint64_t kAnswerBytesOfAnEvent = 512;

BatchLimits limits_of(const config::HandlerSettings& handler) {
  if (handler.format == config::HttpFormat::kSingle) return {};
  return {handler.batch_max_events, handler.batch_max_bytes, handler.batch_wait};
}

}  // namespace

HttpHandler::HttpHandler(const config::ConsumeRoute& route, DeliveryHeaders headers, Answers& answers)
    : batches_(route.handler.format != config::HttpFormat::kSingle),
      limits_(limits_of(route.handler)),
      timeout_(route.handler.timeout),
      order_(route.order),
      headers_(std::move(headers)),
      answers_(answers),
      writer_(route.handler.format, headers_.names()) {}

Status HttpHandler::open(const config::ConsumeRoute& route) {
  const config::HandlerSettings& handler = route.handler;
  const auto url = http::parse_url(handler.target);
  if (!url) return tl::make_unexpected(url.error());
  if (!handler.bearer_token_file.empty()) {
    auto token = http::BearerTokenFile::open(handler.bearer_token_file, SteadyClock::now());
    if (!token) return tl::make_unexpected(std::move(token.error()));
    token_ = std::move(*token);
  }
  http::ClientOptions options;
  options.max_connections = route.concurrency;
  options.max_response_bytes = kAnswerBytes + (batches_ ? limits_.max_events * kAnswerBytesOfAnEvent : 0);
  options.connect_timeout = handler.connect_timeout;
  options.headers = headers_.fixed();
  options.tls_ca_file = handler.tls_ca_file;
  options.tls_certificate_file = handler.tls_certificate_file;
  options.tls_key_file = handler.tls_key_file;
  auto client = http::Client::create(*url, options);
  if (!client) return tl::make_unexpected(std::move(client.error()));
  client_ = std::move(*client);
  context_ = std::make_unique<BatchContext>(BatchContext{*client_, answers_, headers_, judge_, order_, timeout_});
  return {};
}

Result<std::unique_ptr<Handler>> HttpHandler::create(const config::ConsumeRoute& route, Answers& answers) {
  auto headers = DeliveryHeaders::make(route);
  if (!headers) return tl::make_unexpected(std::move(headers.error()));
  std::unique_ptr<HttpHandler> handler(new HttpHandler(route, std::move(*headers), answers));
  if (auto opened = handler->open(route); !opened) {
    Error error = std::move(opened.error());
    error.message = "consume." + route.name + ".handler: " + error.message;
    return tl::make_unexpected(std::move(error));
  }
  return std::unique_ptr<Handler>(std::move(handler));
}

std::string HttpHandler::authorization() {
  return token_ ? token_->header_line(SteadyClock::now()) : std::string();
}

void HttpHandler::deliver(std::vector<Delivery> batch) {
  if (!batches_) {
    for (Delivery& delivery : batch) deliver_one(std::move(delivery));
    return;
  }
  BatchBody body = writer_.write(batch);
  std::make_shared<BatchExchange>(*context_, std::move(batch), std::move(body), authorization())->start();
}

void HttpHandler::deliver_one(Delivery delivery) {
  http::ClientRequest request;
  request.headers.reserve(kUsualHeaderBytes);
  if (token_) request.headers += token_->header_line(SteadyClock::now());
  headers_.append(delivery, request.headers);
  request.body = delivery.record->value.value_or("");
  request.timeout = timeout_;
  client_->post(std::move(request), [this, id = delivery.id, record = std::move(delivery.record)](
                                        const Result<http::ClientResponse>& response) mutable {
    record.reset();
    answers_.answered(id, judge(response, false, response ? wall_clock_ms() : 0));
  });
}

Result<std::unique_ptr<Handler>> make_http_handler(const config::ConsumeRoute& route, Answers& answers) {
  return HttpHandler::create(route, answers);
}

}  // namespace hubferry::deliver

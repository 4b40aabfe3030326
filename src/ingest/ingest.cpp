#include "ingest/ingest.h"

#include <string_view>
#include <utility>

#include "base/ids.h"
#include "ingest/decode.h"

namespace hubferry::ingest {
namespace {

constexpr const char* kRetryAfterSeconds = "1";

http::Response later(std::string_view detail) {
  http::Response response = http::problem(503, detail);
  response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return response;
}

http::Response accepted(const spool::Receipt& receipt) {
  http::Response response;
  response.status = 202;
  response.body = "{\"accepted\":" + std::to_string(receipt.last - receipt.first + 1) + ",\"source\":\"" +
                  id_text(receipt.source) + "\",\"first\":" + std::to_string(receipt.first) +
                  ",\"last\":" + std::to_string(receipt.last) + "}\n";
  return response;
}

http::Response refused(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTooLarge:
      return http::problem(413, error.message);
    case ErrorCode::kFull:
    case ErrorCode::kClosed:
      return later(error.message);
    default:
      return http::problem(500, error.message);
  }
}

}  // namespace

void Ingest::add_route(const config::ProduceRoute& route, std::uint64_t max_event_bytes, spool::Spool& spool,
                       observe::Metrics& metrics) {
  const observe::Metrics::Labels labels{{"route", route.name}};
  routes_.emplace(route.topic,
                  std::make_unique<Route>(Route{route.key_pointer, max_event_bytes, spool,
                                                metrics.counter("hubferry_events_accepted_total",
                                                                "Events on disk and answered with 202.", labels),
                                                metrics.counter("hubferry_ingest_refused_requests_total",
                                                                "Requests of which nothing was accepted.", labels)}));
}

void Ingest::install(http::Server& server) {
  server.route("POST", "/v1/topics/{topic}/events",
               [this](const http::Request& request, http::Responder respond) { handle(request, std::move(respond)); });
}

void Ingest::handle(const http::Request& request, http::Responder respond) {
  if (draining_) return respond(later("The daemon is shutting down; send again to another instance or later."));
  const auto found = routes_.find(request.parameter("topic"));
  if (found == routes_.end()) {
    return respond(http::problem(404, "No produce route for topic \"" + std::string(request.parameter("topic")) +
                                          "\"; add a [produce.NAME] section with this topic."));
  }
  Route& route = *found->second;
  DecodeInput input;
  input.body = request.body();
  input.content_type = request.header("content-type").value_or("");
  input.key = request.header("x-event-key");
  input.key_pointer = route.key_pointer;
  input.max_event_bytes = route.max_event_bytes;
  input.max_batch_events = settings_.max_batch_events;
  auto batch = decode_events(input, json_);
  if (!batch) {
    route.refused.Increment();
    return respond(http::problem(batch.error().status, batch.error().detail));
  }
  // std::function must be copyable, a Responder is not.
  auto answer = std::make_shared<http::Responder>(std::move(respond));
  route.spool.append(std::move(*batch), [answer, &route](const Result<spool::Receipt>& receipt) {
    if (!receipt) {
      route.refused.Increment();
      return (*answer)(refused(receipt.error()));
    }
    route.accepted.Increment(static_cast<double>(receipt->last - receipt->first + 1));
    (*answer)(accepted(*receipt));
  });
}

}  // namespace hubferry::ingest

#include "ingest/ingest.h"

#include <utility>

#include "ingest/answers.h"
#include "ingest/media_type.h"

namespace hubferry::ingest {
namespace {

constexpr const char* kRefusedName = "hubferry_ingest_refused_requests_total";
constexpr const char* kRefusedHelp = "Requests of which nothing was accepted.";

// Proxies may bring header fields in another order: it does not count.
void add_headers(Fingerprinter& content, std::span<const event::Header> headers) {
  Fingerprint sum;
  for (const event::Header& header : headers) {
    Fingerprinter one;
    one.update_part(header.name);
    one.update_part(header.value.value_or(""));
    const Fingerprint fingerprint = one.finish();
    sum.low += fingerprint.low;
    sum.high += fingerprint.high;
  }
  content.update_number(headers.size());
  content.update_number(sum.low);
  content.update_number(sum.high);
}

bool is_structured(std::string_view content_type) {
  const Shape shape = shape_of(content_type);
  return shape == Shape::kCloudEvent || shape == Shape::kCloudEventBatch;
}

void add_optional(Fingerprinter& content, const std::optional<std::string_view>& part) {
  content.update_number(part.has_value());
  content.update_part(part.value_or(""));
}

}  // namespace

prometheus::Counter& Ingest::Refused::by_status(int status) const {
  switch (status) {
    case 400:
    case 415:
      return invalid;
    case 413:
      return too_large;
    case 422:
      return conflict;
    case 503:
      return unavailable;
    default:
      return failed;
  }
}

void Ingest::add_route(const config::ProduceRoute& route, std::uint64_t max_event_bytes, const Wiring& wiring,
                       observe::Metrics& metrics) {
  const auto refused = [&](const char* reason) -> prometheus::Counter& {
    return metrics.counter(kRefusedName, kRefusedHelp, {{"route", route.name}, {"reason", reason}});
  };
  unknown_topic_ = &metrics.counter(kRefusedName, kRefusedHelp, {{"route", ""}, {"reason", "unknown-topic"}});
  routes_.emplace(
      route.topic,
      std::make_unique<Route>(Route{
          route.key_pointer,
          max_event_bytes,
          route.ack_timeout,
          wiring,
          metrics.counter("hubferry_events_accepted_total", "Events on disk and answered.", {{"route", route.name}}),
          {refused("invalid"), refused("too-large"), refused("idempotency-conflict"), refused("unavailable"),
           refused("failed")}}));
}

void Ingest::install(http::Server& server) {
  using Form = RequestFields::Form;
  const auto handler = [this](const char* topic, Form form) -> http::Handler {
    return [this, topic, form](const http::Request& request, http::Responder respond) {
      handle(request, request.parameter(topic), form, std::move(respond));
    };
  };
  server.route("POST", "/v1/topics/{topic}/events", handler("topic", Form::kNative));
  server.route("POST", "/{hub}/messages", handler("hub", Form::kEventHubs));
  server.route("POST", "/{hub}/partitions/{partition}/messages", handler("hub", Form::kEventHubs));
}

void Ingest::handle(const http::Request& request, std::string_view topic, RequestFields::Form form,
                    http::Responder respond) {
  const auto found = routes_.find(topic);
  if (found == routes_.end()) {
    if (unknown_topic_ != nullptr) unknown_topic_->Increment();
    return respond(http::problem(404, "No produce route for topic \"" + std::string(topic) +
                                          "\"; add a [produce.NAME] section with this topic."));
  }
  const auto exchange = std::make_shared<Exchange>(Exchange{*found->second, std::move(respond), form});
  if (const auto refusal = accept(request, exchange)) exchange->refuse(*refusal);
}

// A refusal, or the answer is given later or was given.
std::optional<Refusal> Ingest::accept(const http::Request& request, const std::shared_ptr<Exchange>& exchange) {
  if (draining_) return Refusal{503, "The daemon is shutting down; send again to another instance or later."};
  fields_.read(request, exchange->form);
  PostOptions options;
  if (auto refusal = read_options(request, exchange->form, options)) return refusal;
  exchange->wait_for_broker = options.wait_for_broker;
  Fingerprint content;
  if (const auto key = fields_.idempotency_key()) {
    content = content_of(request, exchange->form, options);
    if (!admit(exchange, *key, content)) return std::nullopt;
  }
  spool::RecordBatch batch;
  if (auto refusal = decode(request, *exchange, options, content, batch)) {
    if (exchange->idempotency_key) {
      exchange->route.wiring.log.settle(*exchange->idempotency_key, fail(ErrorCode::kInvalid, refusal->detail));
    }
    return refusal;
  }
  store(exchange, std::move(batch));
  return std::nullopt;
}

// What can be wrong with the request without looking at its body.
std::optional<Refusal> Ingest::read_options(const http::Request& request, RequestFields::Form form,
                                            PostOptions& options) {
  if (form == RequestFields::Form::kNative) {
    auto parsed = parse_post_options(request.query_text());
    if (!parsed) return std::move(parsed.error());
    options = std::move(*parsed);
  } else if (const auto partition = request.parameter("partition"); !partition.empty()) {
    options.partition = partition;
  }
  if (const auto key = fields_.idempotency_key()) {
    if (auto refusal = check_idempotency_key(*key)) return refusal;
  }
  if (fields_.cloud_event().empty()) return std::nullopt;
  if (is_structured(fields_.content_type())) {  // they repeat what the body says
    fields_.cloud_event().clear();
    return std::nullopt;
  }
  if (auto finished = fields_.cloud_event().finish(); !finished) {
    return Refusal{400, "Not a CloudEvent: " + finished.error().message + "."};
  }
  return std::nullopt;
}

// False: the request has its answer, or will get that of another one with the same key.
bool Ingest::admit(const std::shared_ptr<Exchange>& exchange, std::string_view key, const Fingerprint& content) {
  const Fingerprint fingerprint = fingerprint_of(key);
  const auto waiter = [exchange](const Result<spool::Receipt>& receipt) {
    receipt ? exchange->answer(*receipt) : exchange->refuse(refusal_of(receipt.error()));
  };
  const auto admission = exchange->route.wiring.log.admit(fingerprint, content, waiter);
  switch (admission.verdict) {
    case IdempotencyLog::Verdict::kNew:
      exchange->idempotency_key = fingerprint;
      return true;
    case IdempotencyLog::Verdict::kRepeat:
      exchange->answer(admission.receipt);
      return false;
    case IdempotencyLog::Verdict::kConflict:
      exchange->refuse({422,
                        "This Idempotency-Key was used for a request with another body, key, partition or "
                        "headers; use a new key for a new request."});
      return false;
    case IdempotencyLog::Verdict::kWaiting:
      break;
  }
  return false;
}

Fingerprint Ingest::content_of(const http::Request& request, RequestFields::Form form,
                               const PostOptions& options) const {
  Fingerprinter content;
  content.update_number(static_cast<std::uint64_t>(form));
  content.update_part(fields_.content_type());
  add_optional(content, fields_.event_key());
  add_optional(content, fields_.broker_properties());
  add_optional(content, options.partition);
  add_headers(content, fields_.cloud_event().headers());
  add_headers(content, fields_.headers());
  add_headers(content, fields_.properties());
  content.update_part(request.body());
  return content.finish();
}

std::optional<Refusal> Ingest::decode(const http::Request& request, const Exchange& exchange,
                                      const PostOptions& options, const Fingerprint& content,
                                      spool::RecordBatch& batch) {
  DecodeInput input;
  if (options.partition) {
    const auto partition = parse_partition(*options.partition, exchange.route.wiring.feedback.partitions());
    if (!partition) return partition.error();
    input.partition = *partition;
  }
  input.body = request.body();
  input.content_type = fields_.content_type();
  input.key = fields_.event_key();
  input.key_pointer = exchange.route.key_pointer;
  input.max_event_bytes = exchange.route.max_event_bytes;
  input.max_batch_events = settings_.max_batch_events;
  input.headers = fields_.headers();
  input.properties = fields_.properties();
  input.cloud_event = fields_.cloud_event().headers();
  input.cloud_event_key = fields_.cloud_event().partition_key();
  if (exchange.idempotency_key) input.identity = DecodeInput::Identity{*exchange.idempotency_key, content};
  auto decoded = exchange.form == RequestFields::Form::kNative
                     ? decode_events(input, json_)
                     : decode_hub_messages(input, fields_.broker_properties(), json_);
  if (!decoded) return std::move(decoded.error());
  batch = std::move(*decoded);
  return std::nullopt;
}

void Ingest::store(const std::shared_ptr<Exchange>& exchange, spool::RecordBatch batch) {
  const Wiring& wiring = exchange->route.wiring;
  if (exchange->wait_for_broker) wiring.feedback.announce();
  wiring.spool.append(std::move(batch),
                      [exchange](const Result<spool::Receipt>& receipt) { stored(exchange, receipt); });
}

void Ingest::stored(const std::shared_ptr<Exchange>& exchange, const Result<spool::Receipt>& receipt) {
  Route& route = exchange->route;
  if (exchange->idempotency_key) route.wiring.log.settle(*exchange->idempotency_key, receipt);
  if (!receipt) {
    if (exchange->wait_for_broker) route.wiring.feedback.withdraw();
    return exchange->refuse(refusal_of(receipt.error()));
  }
  route.accepted.Increment(static_cast<double>(receipt->last - receipt->first + 1));
  if (!exchange->wait_for_broker) return exchange->answer(*receipt);
  route.wiring.feedback.watch(receipt->first, receipt->last, SteadyClock::now() + route.ack_timeout,
                              [exchange, kept = *receipt](const std::vector<spool::Feedback::Stored>& places) {
                                exchange->respond(broker_answer(kept, places));
                              });
}

void Ingest::Exchange::refuse(const Refusal& refusal) {
  route.refused.by_status(refusal.status).Increment();
  respond(refusal_answer(refusal));
}

void Ingest::Exchange::answer(const spool::Receipt& receipt) {
  respond(form == RequestFields::Form::kNative ? accepted_answer(receipt) : created_answer());
}

}  // namespace hubferry::ingest

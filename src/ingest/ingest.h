#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "event/json_event.h"
#include "http/server.h"
#include "ingest/decode.h"
#include "ingest/idempotency_log.h"
#include "ingest/post_options.h"
#include "ingest/request_fields.h"
#include "observe/metrics.h"
#include "spool/feedback.h"
#include "spool/spool.h"

namespace hubferry::ingest {

// Request -> checked events -> spool -> answer after the group commit:
//   POST /v1/topics/{topic}/events           202 with the receipt; ?partition=N, ?ack=broker
//   POST /{hub}/messages                     as Event Hubs' REST interface: 201; the query is ignored
//   POST /{hub}/partitions/{id}/messages     the same, to a named partition
// Nothing here waits: the answer is given on the spool's writer thread, with ?ack=broker on that of the
// spool::Feedback. Routes are added before the server starts; the handlers run on the server's thread. Must outlive the
// server, the spools and the feedbacks.
class Ingest {
 public:
  explicit Ingest(const config::IngestSettings& settings) : settings_(settings) {}

  // What belongs to one route. All of it must live as long as the spool, which has `log` as its companion.
  struct Wiring {
    spool::Spool& spool;
    spool::Feedback& feedback;
    IdempotencyLog& log;
  };
  // `max_event_bytes` is the smaller of ingest.max-event and what the broker's message limit leaves.
  void add_route(const config::ProduceRoute& route, std::uint64_t max_event_bytes, const Wiring& wiring,
                 observe::Metrics& metrics);
  void install(http::Server& server);

  // From now on every request is refused with 503 and Retry-After. Any thread.
  void drain() { draining_ = true; }

 private:
  struct Refused {
    prometheus::Counter& invalid;
    prometheus::Counter& too_large;
    prometheus::Counter& conflict;
    prometheus::Counter& unavailable;
    prometheus::Counter& failed;
    prometheus::Counter& by_status(int status) const;
  };
  struct Route {
    std::string key_pointer;
    std::uint64_t max_event_bytes;
    Milliseconds ack_timeout;
    Wiring wiring;
    prometheus::Counter& accepted;
    Refused refused;
  };
  // One request that is on its way to the disk or the broker.
  struct Exchange {
    Route& route;
    http::Responder respond;
    RequestFields::Form form = RequestFields::Form::kNative;
    bool wait_for_broker = false;
    std::optional<Fingerprint> idempotency_key = std::nullopt;

    void refuse(const Refusal& refusal);
    void answer(const spool::Receipt& receipt);
  };

  void handle(const http::Request& request, std::string_view topic, RequestFields::Form form, http::Responder respond);
  std::optional<Refusal> accept(const http::Request& request, const std::shared_ptr<Exchange>& exchange);
  std::optional<Refusal> read_options(const http::Request& request, RequestFields::Form form, PostOptions& options);
  std::optional<Refusal> decode(const http::Request& request, const Exchange& exchange, const PostOptions& options,
                                const Fingerprint& content, spool::RecordBatch& batch);
  bool admit(const std::shared_ptr<Exchange>& exchange, std::string_view key, const Fingerprint& content);
  Fingerprint content_of(const http::Request& request, RequestFields::Form form, const PostOptions& options) const;
  static void store(const std::shared_ptr<Exchange>& exchange, spool::RecordBatch batch);
  static void stored(const std::shared_ptr<Exchange>& exchange, const Result<spool::Receipt>& receipt);

  config::IngestSettings settings_;
  std::map<std::string, std::unique_ptr<Route>, std::less<>> routes_;  // by topic
  prometheus::Counter* unknown_topic_ = nullptr;
  event::JsonEvents json_;
  RequestFields fields_;
  std::atomic<bool> draining_ = false;
};

}  // namespace hubferry::ingest

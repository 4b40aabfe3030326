#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "config/settings.h"
#include "event/json_event.h"
#include "http/server.h"
#include "observe/metrics.h"
#include "spool/spool.h"

namespace hubferry::ingest {

// POST /v1/topics/{topic}/events: request -> checked events -> spool -> 202 after the group commit. Nothing here waits:
// the answer is given on the spool's writer thread. Routes are added before the server starts; the handler runs on the
// server's thread. Must outlive the server and the spools.
class Ingest {
 public:
  explicit Ingest(const config::IngestSettings& settings) : settings_(settings) {}

  // `max_event_bytes` is the smaller of ingest.max-event and what the broker's message limit leaves.
  void add_route(const config::ProduceRoute& route, std::uint64_t max_event_bytes, spool::Spool& spool,
                 observe::Metrics& metrics);
  void install(http::Server& server);

  // From now on every request is refused with 503 and Retry-After. Any thread.
  void drain() { draining_ = true; }

 private:
  struct Route {
    std::string key_pointer;
    std::uint64_t max_event_bytes;
    spool::Spool& spool;
    prometheus::Counter& accepted;
    prometheus::Counter& refused;
  };

  void handle(const http::Request& request, http::Responder respond);

  config::IngestSettings settings_;
  std::map<std::string, std::unique_ptr<Route>, std::less<>> routes_;  // by topic
  event::JsonEvents json_;
  std::atomic<bool> draining_ = false;
};

}  // namespace hubferry::ingest

#pragma once
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "config/settings.h"
#include "deliver/handler.h"
#include "deliver/http_answer.h"
#include "deliver/http_body.h"
#include "deliver/http_headers.h"
#include "http/client.h"

namespace hubferry::deliver {

// What all batches of a handler have in common. The judge belongs to the client's thread.
struct BatchContext {
  http::Client& client;
  Answers& answers;
  const DeliveryHeaders& headers;
  BatchJudge& judge;
  config::Order order = config::Order::kKey;
  Milliseconds timeout{30'000};
};

// One batch at the handler, in one request if all goes well. Lives until all its events are answered.
//
// An event that the others must not drag along goes in a request of its own, one after another: each with its last
// attempt before it, and what a rejection of the whole request (4xx) leaves open, by halves, so that only the event
// that is at fault is rejected. Once an event is not done, later requests leave out those that have to wait for it (of
// its key or partition, as the route's order says); they are answered kUnavailable. When a request could not be tried,
// the rest is not sent either.
class BatchExchange final : public std::enable_shared_from_this<BatchExchange> {
 public:
  // `more_headers`: lines of each request.
  BatchExchange(const BatchContext& context, std::vector<Delivery> events, BatchBody body, std::string more_headers);
  // Any thread; the rest is on the client's.
  void start();

 private:
  struct Piece {
    std::size_t from = 0;
    std::size_t to = 0;  // not included
  };

  void plan();
  void send_next();
  void send(Piece piece);
  void answered(Piece piece, const Result<http::ClientResponse>& response);
  void finish(Piece piece);
  void answer(std::size_t event, Outcome outcome);
  // What waits for an event that is not done: its key, its partition or, empty, nothing.
  std::string lane(std::size_t event) const;
  bool must_wait(std::size_t event) const;

  const BatchContext& context_;
  std::vector<Delivery> events_;
  const BatchBody body_;
  const std::string more_headers_;
  std::string part_;          // the body on its way, when it is not the whole
  std::deque<Piece> pieces_;  // to send, in order
  std::unordered_set<std::string> stopped_;
};

}  // namespace hubferry::deliver

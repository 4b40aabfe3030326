#include "deliver/http_batch.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace hubferry::deliver {
namespace {

bool all_done(const std::vector<Outcome>& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(),
                     [](const Outcome& outcome) { return outcome.verdict == Verdict::kDone; });
}

}  // namespace

BatchExchange::BatchExchange(const BatchContext& context, std::vector<Delivery> events, BatchBody body,
                             std::string more_headers)
    : context_(context), events_(std::move(events)), body_(std::move(body)), more_headers_(std::move(more_headers)) {}

void BatchExchange::start() {
  plan();
  send_next();
}

void BatchExchange::plan() {
  std::size_t from = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    if (!events_[i].last_attempt) continue;
    if (from < i) pieces_.push_back({from, i});
    pieces_.push_back({i, i + 1});
    from = i + 1;
  }
  if (from < events_.size()) pieces_.push_back({from, events_.size()});
}

void BatchExchange::send_next() {
  while (!pieces_.empty()) {
    Piece& next = pieces_.front();
    while (next.from < next.to && must_wait(next.from)) {
      answer(next.from++, {Verdict::kUnavailable, "not sent: an event before it, of its key or partition, was not done",
                           Milliseconds(0)});
    }
    std::size_t end = next.from;
    while (end < next.to && !must_wait(end)) ++end;
    const Piece piece{next.from, end};
    next.from = end;
    if (next.from == next.to) pieces_.pop_front();
    if (piece.from < piece.to) return send(piece);
  }
}

void BatchExchange::send(Piece piece) {
  http::ClientRequest request;
  request.headers = context_.headers.of_batch(piece.to - piece.from) + more_headers_;
  request.timeout = context_.timeout;
  request.body = body_.whole();
  if (piece.to - piece.from < events_.size()) request.body = part_ = body_.part(piece.from, piece.to);
  context_.client.post(std::move(request),
                       [self = shared_from_this(), piece](const Result<http::ClientResponse>& response) {
                         self->answered(piece, response);
                       });
}

void BatchExchange::answered(Piece piece, const Result<http::ClientResponse>& response) {
  const std::size_t count = piece.to - piece.from;
  const bool whole = !response || response->status < 200 || response->status >= 300;
  std::vector<Outcome> outcomes = context_.judge.judge(response, count, wall_clock_ms());
  if (whole && count > 1 && outcomes.front().verdict == Verdict::kRejected) {
    const std::size_t middle = piece.from + count / 2;
    pieces_.push_front({middle, piece.to});
    pieces_.push_front({piece.from, middle});
    return send_next();
  }
  if (all_done(outcomes)) {
    finish(piece);
    return send_next();
  }
  std::deque<Piece> given_up;
  if (whole && outcomes.front().verdict == Verdict::kUnavailable) given_up.swap(pieces_);
  const Outcome same = given_up.empty() ? Outcome{} : outcomes.front();
  for (std::size_t i = 0; i < count; ++i) answer(piece.from + i, std::move(outcomes[i]));
  for (const Piece& left : given_up) {
    for (std::size_t i = left.from; i < left.to; ++i) answer(i, same);
  }
  send_next();
}

void BatchExchange::finish(Piece piece) {
  std::vector<WorkId> ids;
  ids.reserve(piece.to - piece.from);
  for (std::size_t i = piece.from; i < piece.to; ++i) {
    ids.push_back(events_[i].id);
    events_[i].record.reset();
  }
  context_.answers.all_done(ids);
}

void BatchExchange::answer(std::size_t event, Outcome outcome) {
  if (outcome.verdict != Verdict::kDone && !pieces_.empty()) {
    if (std::string stopped = lane(event); !stopped.empty()) stopped_.insert(std::move(stopped));
  }
  const WorkId id = events_[event].id;
  events_[event].record.reset();
  context_.answers.answered(id, std::move(outcome));
}

bool BatchExchange::must_wait(std::size_t event) const {
  return !stopped_.empty() && stopped_.contains(lane(event));
}

std::string BatchExchange::lane(std::size_t event) const {
  const event::Record& record = *events_[event].record;
  if (context_.order == config::Order::kNone) return {};
  if (context_.order == config::Order::kKey && !record.key) return {};
  std::string name = std::to_string(record.partition) + ':';
  if (context_.order == config::Order::kKey) name += *record.key;
  return name;
}

}  // namespace hubferry::deliver

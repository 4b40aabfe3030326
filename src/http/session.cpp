#include "http/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "http/response_text.h"
#include "http/url.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// The session whose handler runs on this thread: its answer is taken when the handler has returned.
thread_local const Session* handling_now = nullptr;

}  // namespace

void SessionShared::add(std::shared_ptr<Session> session) {
  session->place_ = sessions.size();
  sessions.push_back(std::move(session));
}

void SessionShared::give_answers() {
  answers.take(batch);
  for (Answer& given : batch) given.session->answer(std::move(given.response));
  batch.clear();
}

Session::Session(std::shared_ptr<SessionShared> shared, Socket socket, Door door)
    : shared_(std::move(shared)), door_(door), socket_(std::move(socket)) {}

void Session::start() {
  counted_ = true;
  ++shared_->active;
  if (encrypted()) return handshake();
  deadline_ = SteadyClock::now() + shared_->options.idle_timeout;
  read();
}

void Session::refuse() {
  if (encrypted()) return close();
  keep_alive_ = false;
  body_unread_ = true;
  Response busy = problem(503, "The daemon serves as many connections as it may; try again later.");
  busy.headers.emplace_back("Retry-After", "1");
  write(std::move(busy));
}

void Session::answer(Response response) {
  if (state_ == State::kHandling && write(std::move(response))) process();
}

void Session::expire(Instant now) {
  if (now < deadline_) return;
  if (state_ == State::kHeader || state_ == State::kBody) {
    keep_alive_ = false;
    body_unread_ = true;
    write(problem(408, "The request did not arrive in time."));
  } else {
    close();
  }
}

void Session::drain() {
  if (state_ == State::kHandshake || (state_ == State::kIdle && !more_waits())) close();
}

// Whether the client has sent something that nobody has looked at.
bool Session::more_waits() {
  error_code ignored;
  return buffer_.size() > request_end_ || (tls_ && tls_->has_pending()) || socket_->available(ignored) > 0;
}

// The steps below return true when the session can go on at once, false when it waits or has ended.
void Session::process() {
  bool goes_on = true;
  while (goes_on) {
    switch (state_) {
      case State::kIdle:
        goes_on = next_request();
        break;
      case State::kHeader:
        goes_on = read_header();
        break;
      case State::kBody:
        goes_on = chunks_ ? read_chunks() : read_body();
        break;
      default:
        return;
    }
  }
}

bool Session::next_request() {
  std::size_t blank = 0;  // RFC 9112 section 2.2: empty lines before a request are skipped
  const std::string_view arrived = buffer_.view();
  while (arrived.substr(blank).starts_with("\r\n")) blank += 2;
  buffer_.drop_front(blank);
  if (buffer_.size() > 0) {
    parser_.emplace();
    head_ = false;
    http_1_1_ = true;
    state_ = State::kHeader;
    deadline_ = SteadyClock::now() + shared_->options.header_timeout;
    return true;
  }
  if (shared_->draining && !more_waits()) {
    close();
  } else {
    read();
  }
  return false;
}

bool Session::read_header() {
  switch (parser_->feed(buffer_.view(), shared_->options.max_header_bytes)) {
    case HeaderOutcome::kMore:
      read();
      return false;
    case HeaderOutcome::kDone:
      return header_complete();
    case HeaderOutcome::kTooLarge:
      keep_alive_ = false;
      body_unread_ = true;
      return write(
          problem(431, "The header is larger than " + std::to_string(shared_->options.max_header_bytes) + " bytes."));
    case HeaderOutcome::kBad:
      break;
  }
  keep_alive_ = false;
  body_unread_ = true;
  return write(problem(400, "This is not a well-formed HTTP/1.1 request."));
}

bool Session::header_complete() {
  const auto length = parser_->content_length();
  const std::size_t header_size = parser_->header_size();
  head_ = parser_->method(buffer_.view()) == "HEAD";
  http_1_1_ = parser_->http_1_1();
  keep_alive_ = parser_->keep_alive();
  body_end_ = request_end_ = header_size;
  if (parser_->chunked()) chunks_.emplace(shared_->options.max_body_bytes);
  const bool too_large = length.value_or(0) > shared_->options.max_body_bytes;
  if (!too_large) request_end_ += static_cast<std::size_t>(length.value_or(0));
  if (too_large || chunks_) body_unread_ = true;
  if (auto error = find_handler()) return reject(std::move(*error));
  if (too_large) {
    return reject(
        problem(413, "The body is larger than " + std::to_string(shared_->options.max_body_bytes) + " bytes."));
  }
  state_ = State::kBody;
  body_since_ = SteadyClock::now();
  deadline_ = body_since_ + shared_->options.body_timeout;
  const bool body_follows = chunks_ || request_end_ > header_size;
  if (body_follows && buffer_.size() == header_size && parser_->expects_continue(buffer_.view()) && http_1_1_) {
    send_continue();
  }
  return state_ == State::kBody;
}

// Sets the handler and what the request's accessors need, or says why there is none.
std::optional<Response> Session::find_handler() {
  const std::string_view message = buffer_.view();
  const auto target = split_target(parser_->target(message));
  if (!target) return problem(400, "The request's target is not a path.");
  path_at_ = static_cast<std::size_t>(target->path.data() - message.data());
  path_size_ = target->path.size();
  query_size_ = target->query.size();
  query_at_ = query_size_ > 0 ? static_cast<std::size_t>(target->query.data() - message.data()) : 0;
  if (parser_->expects() && !parser_->expects_continue(message)) {
    return problem(417, "Only 'Expect: 100-continue' is understood.");
  }
  auto match = shared_->router.match(method(), target->path, parameters_);
  handler_ = match.handler;
  if (match.access == Access::kProtected && door_ == Door::kNetwork && shared_->tokens) {
    if (auto refusal = check_token()) return refusal;
  }
  switch (match.outcome) {
    case Router::Outcome::kFound:
      return std::nullopt;
    case Router::Outcome::kBadEscape:
      return problem(400, "The path has a %XX escape that stands for no character.");
    case Router::Outcome::kNoMethod: {
      Response response = problem(405, "This path has other methods: " + match.allow + ".");
      response.headers.emplace_back("Allow", std::move(match.allow));
      return response;
    }
    case Router::Outcome::kNoPath:
      break;
  }
  return problem(404, "There is nothing at " + std::string(target->path) + ".");
}

std::optional<Response> Session::check_token() const {
  std::optional<Response> refusal;
  switch (shared_->tokens->check(header("authorization").value_or(""), SteadyClock::now())) {
    case BearerTokens::Verdict::kGood:
      break;
    case BearerTokens::Verdict::kMissing:
      refusal = problem(401, "This needs a token: send the header \"Authorization: Bearer TOKEN\".");
      refusal->headers.emplace_back("WWW-Authenticate", "Bearer");
      break;
    case BearerTokens::Verdict::kWrong:
      refusal = problem(401, "The token is not one of those that are good now.");
      refusal->headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  }
  return refusal;
}

// Answers instead of a handler. The connection can stay only if the body needs no reading.
bool Session::reject(Response response) {
  if (buffer_.size() < request_end_) body_unread_ = true;
  if (body_unread_) keep_alive_ = false;
  return write(std::move(response));
}

void Session::send_continue() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code error;
  const std::size_t sent =
      tls_ ? tls_->write(kContinue.data(), kContinue.size()).size : socket_->write_some(asio::buffer(kContinue), error);
  if (sent != kContinue.size()) close();
}

bool Session::read_body() {
  if (buffer_.size() < request_end_) {
    read();
    return false;
  }
  body_end_ = request_end_;
  return dispatch();
}

bool Session::read_chunks() {
  const auto step = chunks_->decode(buffer_.view().substr(body_end_), buffer_.data() + body_end_);
  request_end_ = body_end_ + step.used;
  body_end_ += step.made;
  switch (step.outcome) {
    case ChunkedDecoder::Outcome::kMore:
      buffer_.resize(body_end_);
      read();
      return false;
    case ChunkedDecoder::Outcome::kDone:
      body_unread_ = false;
      return dispatch();
    case ChunkedDecoder::Outcome::kTooLarge:
      return reject(
          problem(413, "The body is larger than " + std::to_string(shared_->options.max_body_bytes) + " bytes."));
    case ChunkedDecoder::Outcome::kBad:
      break;
  }
  return reject(problem(400, "The body is not in chunked coding."));
}

bool Session::dispatch() {
  state_ = State::kHandling;
  deadline_ = Instant::max();
  handling_now = this;
  try {
    (*handler_)(*this, Responder(shared_from_this()));
  } catch (const std::exception& error) {
    spdlog::error("the handler of {} failed: {}", path(), error.what());
  }
  handling_now = nullptr;
  if (!given_) return false;
  Response response = std::move(*given_);
  given_.reset();
  return write(std::move(response));
}

void Session::respond(Response response) {
  if (handling_now == this) {
    given_ = std::move(response);
    return;
  }
  Answer answer{shared_from_this(), std::move(response)};
  if (shared_->answers.put(answer) == Mailbox<Answer>::Put::kWake) {
    asio::post(shared_->io, [shared = shared_.get()] { shared->give_answers(); });
  }
}

std::string_view Session::method() const {
  return parser_->method(buffer_.view());
}
std::string_view Session::path() const {
  return buffer_.view().substr(path_at_, path_size_);
}

std::optional<std::string> Session::query(std::string_view name) const {
  return query_value(buffer_.view().substr(query_at_, query_size_), name);
}

std::optional<std::string_view> Session::header(std::string_view name) const {
  return parser_->header(buffer_.view(), name);
}

std::size_t Session::header_count() const {
  return parser_->field_count();
}

std::pair<std::string_view, std::string_view> Session::header_at(std::size_t index) const {
  return parser_->field(buffer_.view(), index);
}

std::string_view Session::query_text() const {
  return buffer_.view().substr(query_at_, query_size_);
}

std::string_view Session::body() const {
  return buffer_.view().substr(parser_->header_size(), body_end_ - parser_->header_size());
}

std::string_view Session::parameter(std::string_view name) const {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const auto& p) { return p.first == name; });
  return found == parameters_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace hubferry::http

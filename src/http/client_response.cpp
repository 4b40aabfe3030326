#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <limits>

#include "http/client_connection.h"
#include "http/response_text.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kFirstCapacity = 4 * 1024;
constexpr std::size_t kLeastRoom = 1024;
constexpr std::size_t kBodyRoom = 64 * 1024;
constexpr std::uint64_t kMaxHeaderBytes = 64 * 1024;

}  // namespace

// Between exchanges a read waits too, so that a closed connection is noticed; it then reads the next answer.
void ClientConnection::read() {
  if (reading_) return;
  const bool long_body = header_done_ && state_ == State::kSending;
  const std::size_t needed = buffer_.size() + (long_body ? kBodyRoom : kLeastRoom);
  if (needed > buffer_.capacity() && !buffer_.reserve(std::max({needed, kFirstCapacity, buffer_.capacity() * 2}))) {
    return fail(ErrorCode::kInternal, "there is no memory for the answer of " + target_.name);
  }
  reading_ = true;
  if (tls_) return read_tls(true);
  socket_.async_read_some(asio::buffer(buffer_.end(), buffer_.room()),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            self->reading_ = false;
                            if (self->state_ != State::kClosed) self->read_done(error, size);
                          });
}

void ClientConnection::read_done(const error_code& error, std::size_t size) {
  if (state_ == State::kIdle) {
    close();
    owner_.lost(shared_from_this());
    return;
  }
  if (error) {
    const bool ends_body = error == asio::error::eof && header_done_ && body_end_ == BodyEnd::kClose;
    return ends_body ? complete(false) : broken(error);
  }
  answered_ = true;
  buffer_.resize(buffer_.size() + size);
  parse();
}

void ClientConnection::parse() {
  while (!header_done_) {
    if (!parse_header()) return;
  }
  parse_body();
}

// True: a header is complete (the final one if header_done_).
bool ClientConnection::parse_header() {
  switch (buffer_.size() == 0 ? HeaderOutcome::kMore : parser_->feed(buffer_.view(), kMaxHeaderBytes)) {
    case HeaderOutcome::kMore:
      read();
      return false;
    case HeaderOutcome::kDone:
      return header_complete();
    case HeaderOutcome::kBad:
    case HeaderOutcome::kTooLarge:
      break;
  }
  fail(ErrorCode::kInvalid, "the answer of " + target_.name + " is no HTTP/1.1 response: is this the right port?");
  return false;
}

bool ClientConnection::header_complete() {
  buffer_.drop_front(parser_->header_size());
  const int status = parser_->status();
  if (status == 101 || status < 100) {
    fail(ErrorCode::kInvalid, target_.name + " answered a " + job_->method + " with status " + std::to_string(status));
    return false;
  }
  if (status < 200) {
    parser_.emplace();
    return true;
  }
  header_done_ = true;
  response_.status = status;
  response_.retry_after = parser_->retry_after();
  const auto length = parser_->content_length();
  body_left_ = length.value_or(0);
  if (!status_has_body(status)) {
    body_end_ = BodyEnd::kNone;
  } else if (parser_->chunked()) {
    body_end_ = BodyEnd::kChunked;
    chunks_.emplace(std::numeric_limits<std::uint64_t>::max());
  } else {
    body_end_ = length ? BodyEnd::kLength : BodyEnd::kClose;
  }
  return true;
}

// Appends what the limit leaves room for. False: the body is longer than the limit; the exchange is complete.
bool ClientConnection::take_body(std::string_view bytes) {
  const std::uint64_t room = target_.max_response_bytes - response_.body.size();
  response_.body += bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size())));
  if (bytes.size() <= room) return true;
  response_.cut = true;
  complete(false);
  return false;
}

void ClientConnection::parse_body() {
  bool done = body_end_ == BodyEnd::kNone;
  if (body_end_ == BodyEnd::kChunked) {
    const auto step = chunks_->decode(buffer_.view(), buffer_.data());
    if (!take_body(buffer_.view().substr(0, step.made))) return;
    buffer_.drop_front(step.used);
    done = step.outcome == ChunkedDecoder::Outcome::kDone;
    if (!done && step.outcome != ChunkedDecoder::Outcome::kMore) {
      return fail(ErrorCode::kInvalid, "the answer of " + target_.name + " is not in the chunked coding it announced");
    }
  } else if (!done) {
    const std::uint64_t most = body_end_ == BodyEnd::kLength ? body_left_ : buffer_.size();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, buffer_.size()));
    if (!take_body(buffer_.view().substr(0, size))) return;
    buffer_.drop_front(size);
    body_left_ -= body_end_ == BodyEnd::kLength ? size : 0;
    done = body_end_ == BodyEnd::kLength && body_left_ == 0;
  }
  if (done) return complete(parser_->keep_alive());
  read();
}

}  // namespace hubferry::http

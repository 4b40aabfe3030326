#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "http/response_text.h"
#include "http/session.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kFirstCapacity = 4 * 1024;
constexpr std::size_t kLeastRoom = 1024;
constexpr std::size_t kChunkedRoom = 16 * 1024;
constexpr std::size_t kBodyStep = 1024 * 1024;       // memory is taken as the body arrives, not as it is announced
constexpr std::size_t kKeptCapacity = 256 * 1024;    // of an idle connection
constexpr std::size_t kMostLingering = 1024 * 1024;  // bytes read and thrown away
constexpr Milliseconds kLingerTime{2'000};
constexpr std::uint32_t kMostInARow = 32;  // requests of one connection, then the others have their turn
constexpr std::size_t kJoined = 8 * 1024;  // bodies that go out in one piece with their header

}  // namespace

// Leaves room for the next read and, behind it, for kBodyPadding. False: there is no memory.
bool Session::make_room() {
  std::size_t least = kLeastRoom;
  if (state_ == State::kIdle && buffer_.size() == 0 && buffer_.capacity() > kKeptCapacity) {
    buffer_.shrink(kFirstCapacity);
  } else if (state_ == State::kBody) {
    least = chunks_ ? kChunkedRoom : std::min(request_end_ - buffer_.size(), kBodyStep);
  }
  const std::size_t needed = buffer_.size() + least + kBodyPadding;
  if (needed <= buffer_.capacity()) return true;
  std::size_t wanted = std::max({needed, kFirstCapacity, buffer_.capacity() * 2});
  if (state_ == State::kBody && !chunks_) wanted = std::max(needed, std::min(wanted, request_end_ + kBodyPadding));
  return buffer_.reserve(wanted);
}

void Session::read() {
  if (reading_) return;
  in_a_row_ = 0;
  if (!make_room()) return close();
  reading_ = true;
  if (tls_) return read_tls(true);
  socket_->async_read_some(asio::buffer(buffer_.end(), buffer_.room() - kBodyPadding),
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             self->reading_ = false;
                             if (self->socket_) self->read_done(error, size);
                           });
}

void Session::read_done(const error_code& error, std::size_t size) {
  if (state_ == State::kLingering) {
    lingered_ += size;
    if (error || lingered_ > kMostLingering) return close();
    return read();
  }
  if (state_ == State::kWriting) return;  // it came too late: 408 is on its way
  if (error) return close();
  buffer_.resize(buffer_.size() + size);
  if (state_ == State::kBody) reset_body_deadline();
  process();
}

void Session::reset_body_deadline() {
  const Milliseconds timeout = shared_->options.body_timeout;
  const std::size_t arrived = buffer_.size() - std::min(buffer_.size(), parser_->header_size());
  const auto allowed = timeout + Milliseconds(arrived * 1'000 / kLeastBodyRate);
  deadline_ = std::min(SteadyClock::now() + timeout, body_since_ + allowed);
}

bool Session::write(Response response) {
  state_ = State::kWriting;
  if (shared_->shedding || shared_->draining) keep_alive_ = false;
  write_header(out_header_, response, {head_, keep_alive_, http_1_1_});
  out_body_ = std::move(response.body);
  if (head_ || !status_has_body(response.status)) out_body_.clear();
  if (out_body_.size() <= kJoined) {
    out_header_ += out_body_;
    out_body_.clear();
  }
  written_ = 0;
  return write_rest();
}

bool Session::write_rest() {
  const std::size_t total = out_header_.size() + out_body_.size();
  while (written_ < total) {
    const Step step = write_some();
    written_ += step.size;
    if (step.outcome == StepOutcome::kDone) continue;
    if (step.outcome == StepOutcome::kEnd || step.outcome == StepOutcome::kBroken) {
      close();
    } else {
      deadline_ = SteadyClock::now() + shared_->options.body_timeout;
      wait_for(step.outcome, &Session::go_on_writing);
    }
    return false;
  }
  return response_written();
}

Step Session::write_some() {
  const std::size_t in_header = std::min(written_, out_header_.size());
  const std::size_t in_body = written_ - in_header;
  if (tls_) {
    return in_header < out_header_.size() ? tls_->write(out_header_.data() + in_header, out_header_.size() - in_header)
                                          : tls_->write(out_body_.data() + in_body, out_body_.size() - in_body);
  }
  error_code error;
  std::size_t size = 0;
  if (out_body_.empty()) {
    size = socket_->write_some(asio::buffer(out_header_) + in_header, error);
  } else {
    const std::array<asio::const_buffer, 2> rest{asio::buffer(out_header_) + in_header,
                                                 asio::buffer(out_body_) + in_body};
    size = socket_->write_some(rest, error);
  }
  if (error == asio::error::would_block) return {StepOutcome::kWantsWrite, size};
  return {error ? StepOutcome::kBroken : StepOutcome::kDone, size};
}

void Session::go_on_writing() {
  if (write_rest()) process();
}

// `next` is not called when the session has been closed meanwhile.
void Session::wait_for(StepOutcome wanted, void (Session::*next)()) {
  const auto readiness = wanted == StepOutcome::kWantsRead ? Socket::wait_read : Socket::wait_write;
  socket_->async_wait(readiness, [self = shared_from_this(), next](const error_code& failed) {
    if (!self->socket_) return;
    if (failed) return self->close();
    (self.get()->*next)();
  });
}

bool Session::response_written() {
  if (!keep_alive_) {
    end();
    return false;
  }
  buffer_.drop_front(request_end_);
  request_end_ = body_end_ = 0;
  chunks_.reset();
  parser_.reset();
  handler_ = nullptr;
  state_ = State::kIdle;
  deadline_ = SteadyClock::now() + shared_->options.idle_timeout;
  if (++in_a_row_ < kMostInARow) return true;
  in_a_row_ = 0;
  asio::post(socket_->get_executor(), [self = shared_from_this()] {
    if (self->state_ == State::kIdle && !self->reading_) self->process();
  });
  return false;
}

// After the last answer.
void Session::end() {
  if (!body_unread_ && !more_waits()) return close();
  if (tls_) tls_->shutdown();
  error_code error;
  socket_->shutdown(Socket::shutdown_send, error);
  if (error) return close();
  leave();
  state_ = State::kLingering;
  deadline_ = SteadyClock::now() + kLingerTime;
  read();
}

// Gives the session's place among the active ones back.
void Session::leave() {
  if (!std::exchange(counted_, false)) return;
  if (--shared_->active == 0 && shared_->draining && shared_->quiet) shared_->quiet();
}

void Session::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  deadline_ = Instant::max();
  if (tls_) tls_->shutdown();
  tls_.reset();
  socket_.reset();
  leave();
  auto& sessions = shared_->sessions;
  const std::shared_ptr<Session> self = std::move(sessions[place_]);
  if (place_ + 1 < sessions.size()) {
    sessions[place_] = std::move(sessions.back());
    sessions[place_]->place_ = place_;
  }
  sessions.pop_back();
}

}  // namespace hubferry::http

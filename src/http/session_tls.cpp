#include <spdlog/spdlog.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "http/session.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr Milliseconds kNotePeriod{10'000};

}  // namespace

void SessionShared::handshake_failed(const std::string& reason) {
  const Instant now = SteadyClock::now();
  if (now < next_note_) {
    ++not_noted_;
    return;
  }
  next_note_ = now + kNotePeriod;
  const std::uint64_t others = std::exchange(not_noted_, 0);
  spdlog::warn("a client's TLS handshake failed: {} ({} more since the last such message)", reason, others);
}

void Session::handshake() {
  const Instant now = SteadyClock::now();
  state_ = State::kHandshake;
  deadline_ = now + shared_->options.header_timeout;
  tls_ = TlsStream::server(shared_->tls->context(now), socket_->native_handle());
  tls_ ? go_on_with_handshake() : close();
}

void Session::go_on_with_handshake() {
  const Step step = tls_->handshake();
  switch (step.outcome) {
    case StepOutcome::kDone:
      state_ = State::kIdle;
      deadline_ = SteadyClock::now() + shared_->options.idle_timeout;
      return read();
    case StepOutcome::kWantsRead:
    case StepOutcome::kWantsWrite:
      return wait_for(step.outcome, &Session::go_on_with_handshake);
    case StepOutcome::kEnd:
    case StepOutcome::kBroken:
      break;
  }
  if (tls_->reason().empty()) return close();
  shared_->handshake_failed(tls_->reason());
  // Lingers, so that the client can read the alert.
  tls_.reset();
  body_unread_ = true;
  end();
}

// `reading_` is set: the buffer stays where it is.
void Session::read_tls(bool in_read) {
  if (state_ == State::kWriting) {  // 408 is on its way
    reading_ = false;
    return;
  }
  const Step step = tls_->read(buffer_.end(), buffer_.room() - kBodyPadding);
  if (step.outcome == StepOutcome::kWantsRead || step.outcome == StepOutcome::kWantsWrite) {
    return wait_for(step.outcome, &Session::go_on_reading);
  }
  const error_code error = step.outcome == StepOutcome::kDone ? error_code() : error_code(asio::error::eof);
  const auto deliver = [self = shared_from_this(), error, size = step.size] {
    self->reading_ = false;
    if (self->socket_) self->read_done(error, size);
  };
  // From read() not at once: a client that sends fast would have the calls nest without end.
  in_read ? asio::post(socket_->get_executor(), deliver) : deliver();
}

void Session::go_on_reading() {
  read_tls(false);
}

}  // namespace hubferry::http

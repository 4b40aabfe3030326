#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <string_view>

#include "http/client_connection.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// OpenSSL's reason with what an operator can make of it.
std::string explained(const std::string& reason, const std::string& authorities) {
  if (reason.empty()) return "the server closed the connection during the TLS handshake";
  std::string text = "TLS handshake failed: " + reason;
  if (reason.find("verify failed") != std::string::npos) return text + " (authorities: " + authorities + ")";
  if (reason == "wrong version number") return text + ": the server does not speak TLS on this port";
  return text;
}

}  // namespace

void ClientConnection::wait_for(StepOutcome wish, void (ClientConnection::*then)()) {
  const auto kind = wish == StepOutcome::kWantsWrite ? asio::socket_base::wait_write : asio::socket_base::wait_read;
  socket_.async_wait(kind, [self = shared_from_this(), then](const error_code& failed) {
    if (!failed && self->state_ != State::kClosed) (self.get()->*then)();
  });
}

void ClientConnection::shake_hands() {
  const Step step = tls_->handshake();
  switch (step.outcome) {
    case StepOutcome::kDone:
      return start_exchange();
    case StepOutcome::kWantsRead:
    case StepOutcome::kWantsWrite:
      return wait_for(step.outcome, &ClientConnection::shake_hands);
    case StepOutcome::kEnd:
    case StepOutcome::kBroken:
      return fail_to_connect(explained(tls_->reason(), target_.authorities));
  }
}

// An error is left to the read, as in write_rest().
void ClientConnection::write_rest_tls() {
  if (state_ != State::kSending) return;
  const std::string_view body = job_->request.body.substr(body_in_header_);
  while (written_ < header_.size() + body.size()) {
    const std::string_view rest =
        written_ < header_.size() ? std::string_view(header_).substr(written_) : body.substr(written_ - header_.size());
    const Step step = tls_->write(rest.data(), rest.size());
    if (step.outcome == StepOutcome::kWantsRead || step.outcome == StepOutcome::kWantsWrite) {
      return wait_for(step.outcome, &ClientConnection::write_rest_tls);
    }
    if (step.outcome != StepOutcome::kDone) {
      write_failed_ = true;
      return;
    }
    written_ += step.size;
  }
}

// `reading_` is set: the buffer stays where it is.
void ClientConnection::read_tls(bool in_read) {
  const Step step = tls_->read(buffer_.end(), buffer_.room());
  if (step.outcome == StepOutcome::kWantsRead || step.outcome == StepOutcome::kWantsWrite) {
    return wait_for(step.outcome, &ClientConnection::go_on_reading);
  }
  const error_code error = step.outcome == StepOutcome::kDone ? error_code() : error_code(asio::error::eof);
  const auto deliver = [self = shared_from_this(), error, size = step.size] {
    self->reading_ = false;
    if (self->state_ != State::kClosed) self->read_done(error, size);
  };
  // From read() not at once: its callers do not expect the exchange to end there.
  in_read ? asio::post(socket_.get_executor(), deliver) : deliver();
}

void ClientConnection::go_on_reading() {
  read_tls(false);
}

}  // namespace hubferry::http

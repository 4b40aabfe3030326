#include "http/client_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <charconv>
#include <utility>

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kTlsRecordBytes = 16 * 1024;

}  // namespace

void ClientConnection::open(Job job, Instant deadline) {
  job_ = std::move(job);
  connect_deadline_ = deadline;
}

void ClientConnection::connect(const Endpoints& endpoints) {
  if (state_ != State::kConnecting) return;
  asio::async_connect(socket_, endpoints,
                      [self = shared_from_this()](const error_code& error, const asio::ip::tcp::endpoint&) {
                        if (self->state_ == State::kConnecting) self->connected(error);
                      });
}

void ClientConnection::connected(const error_code& error) {
  if (error) return fail_to_connect(error.message());
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  if (target_.tls == nullptr) return start_exchange();
  tls_ = TlsStream::client(target_.tls->context(SteadyClock::now()), socket_.native_handle(), target_.host);
  tls_ ? shake_hands() : fail_to_connect("OpenSSL can make no connection to such a host");
}

void ClientConnection::fail_to_connect(const std::string& reason) {
  if (state_ == State::kConnecting) fail(ErrorCode::kUnavailable, "cannot connect to " + target_.name + ": " + reason);
}

void ClientConnection::send(Job job) {
  job_ = std::move(job);
  start_exchange();
}

void ClientConnection::start_exchange() {
  state_ = State::kSending;
  answered_ = header_done_ = write_failed_ = false;
  parser_.emplace();
  response_ = {};
  const std::string_view method = job_->method;
  header_ = method;
  header_ += target_.head;
  header_ += job_->request.headers;
  if (method == "POST") {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), job_->request.body.size()).ptr;
    header_ += "Content-Length: ";
    header_.append(digits.data(), end);
    header_ += "\r\n";
  }
  header_ += "\r\n";
  body_in_header_ = 0;
  if (tls_ && header_.size() < kTlsRecordBytes) {  // one record for what fits into it
    body_in_header_ = std::min(job_->request.body.size(), kTlsRecordBytes - header_.size());
    header_ += job_->request.body.substr(0, body_in_header_);
  }
  written_ = 0;
  read();
  if (state_ == State::kSending) write_rest();
}

// An error is left to the read: the peer may have answered before it closed.
void ClientConnection::write_rest() {
  if (tls_) return write_rest_tls();
  const std::string_view body = job_->request.body;
  while (written_ < header_.size() + body.size()) {
    const std::size_t in_header = std::min(written_, header_.size());
    const std::array<asio::const_buffer, 2> rest{
        asio::buffer(header_) + in_header,
        asio::buffer(body.data(), body.size()) + (written_ - in_header),
    };
    error_code error;
    written_ += socket_.write_some(rest, error);
    if (error == asio::error::would_block) {
      socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](const error_code& failed) {
        if (self->state_ == State::kSending && !failed) self->write_rest();
      });
      return;
    }
    if (error) {
      write_failed_ = true;
      return;
    }
  }
}

void ClientConnection::expire(Instant now) {
  if (!job_) return;
  if (state_ == State::kConnecting) {
    if (now < connect_deadline_ && now < job_->deadline) return;
    fail_to_connect(tls_ ? "the TLS handshake did not end in time" : "no answer in time");
  } else if (now >= job_->deadline) {
    fail(ErrorCode::kTimeout,
         target_.name + " gave no complete answer within " + std::to_string(job_->request.timeout.count()) + " ms");
  }
}

void ClientConnection::shut_down() {
  if (job_) {
    fail(ErrorCode::kClosed, "the HTTP client stops");
  } else {
    close();
  }
}

void ClientConnection::close() {
  state_ = State::kClosed;
  if (tls_) tls_->shutdown();
  error_code ignored;
  socket_.close(ignored);
}

// The connection broke or the peer closed it, while the answer was not complete.
void ClientConnection::broken(const error_code& error) {
  if (!answered_ && exchanges_ > 0) {
    close();
    Job job = std::move(*job_);
    job_.reset();
    owner_.send_again(shared_from_this(), std::move(job));
    return;
  }
  const std::string alert = tls_ ? tls_->reason() : "";
  // With TLS 1.3 a server looks at the client's certificate only after the client's own handshake.
  if (!answered_ && !alert.empty()) {
    return fail(ErrorCode::kUnavailable,
                "cannot connect to " + target_.name + ": it ended the TLS connection: " + alert);
  }
  const std::string what =
      error == asio::error::eof ? "closed the connection" : "broke the connection: " + error.message();
  fail(ErrorCode::kIo, target_.name + ' ' + what + (answered_ ? " within its answer" : " before it answered"));
}

void ClientConnection::fail(ErrorCode code, std::string message) {
  close();
  finish(hubferry::fail(code, std::move(message), Disposition::kRetry));
}

void ClientConnection::complete(bool reusable) {
  ++exchanges_;
  const bool sent = written_ == header_.size() + job_->request.body.size() - body_in_header_;
  if (reusable && sent && !write_failed_ && buffer_.size() == 0) {
    state_ = State::kIdle;
    idle_since_ = SteadyClock::now();
    read();
  } else {
    close();
  }
  finish(std::move(response_));
}

void ClientConnection::finish(Result<ClientResponse> result) {
  Job job = std::move(*job_);
  job_.reset();
  owner_.finished(shared_from_this(), std::move(job), std::move(result));
}

}  // namespace hubferry::http

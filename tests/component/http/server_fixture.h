#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "component/http/raw_socket.h"
#include "http/server.h"

namespace hubferry::testing_http {

// A request whose handler has returned without an answer.
struct Held {
  const http::Request* request = nullptr;
  http::Responder responder;
};

// What a handler holds back, for the test to answer.
class Holder {
 public:
  http::Handler handler() {
    return [this](const http::Request& request, http::Responder responder) {
      const std::lock_guard lock(mutex_);
      held_.push_back(std::make_unique<Held>(Held{&request, std::move(responder)}));
      changed_.notify_all();
    };
  }

  // Waits for the next one; nullptr when it does not come.
  std::unique_ptr<Held> next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return !held_.empty(); })) return nullptr;
    auto held = std::move(held_.front());
    held_.pop_front();
    return held;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Held>> held_;
};

inline http::Response text_response(std::string body) {
  http::Response response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

// GET /probe is open to all. POST /echo answers the body, GET /hello "hello", POST and GET /hold/{name} wait for the
// test, GET /large answers much.
class ServerTest : public testing::Test {
 protected:
  ServerTest() { options_.listen = "127.0.0.1:0"; }

  void start() {
    auto server = http::Server::create(options_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    server_->route("POST", "/echo", [](const http::Request& request, http::Responder respond) {
      respond(text_response(std::string(request.body())));
    });
    server_->route("GET", "/hello",
                   [](const http::Request&, http::Responder respond) { respond(text_response("hello")); });
    const auto probe = [](const http::Request&, http::Responder respond) { respond(text_response("alive")); };
    server_->route("GET", "/probe", probe, http::Access::kOpen);
    server_->route("POST", "/hold/{name}", holder_.handler());
    server_->route("GET", "/hold/{name}", holder_.handler());
    server_->route("GET", "/large", [this](const http::Request&, http::Responder respond) {
      respond(text_response(std::string(large_, 'x')));
    });
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }

  RawSocket connect() { return RawSocket::connect(server_->port()); }

  static std::string get(const std::string& path, const std::string& fields = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  }
  static std::string post(const std::string& path, const std::string& body, const std::string& fields = {}) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  http::ServerOptions options_;
  std::size_t large_ = 8 * 1024 * 1024;
  Holder holder_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace hubferry::testing_http

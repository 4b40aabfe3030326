#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "component/http/raw_socket.h"
#include "console/breakers.h"

namespace hubferry::console {

// A desk that notes what it is asked, and answers at once unless it is to hold its answers.
class FakeDesk {
 public:
  static BreakerRow billing() {
    BreakerRow row;
    row.route = "billing";
    row.scope = "all instances";
    row.state = "open";
    row.generation = 7;
    row.since_ms = 1'795'255'200'000;
    row.reason = "101 final failures within 30s";
    row.errors = {{"HTTP 500", 87}, {"no answer within 30s", 1}};
    row.failures = 3;
    row.threshold = 100;
    row.window_ms = 30'000;
    row.lag = 1'234;
    row.alive = 3;
    row.notified = true;
    return row;
  }

  BreakerDesk desk() {
    BreakerDesk desk;
    desk.rows = [this] {
      const std::lock_guard lock(mutex_);
      return rows_;
    };
    desk.command = [this](BreakerDesk::Verb verb, const std::string& route, const std::string& by,
                          const std::string& reason, BreakerDesk::Done done) {
      constexpr const char* kNames[] = {"open", "close", "probe"};
      take(std::string(kNames[static_cast<int>(verb)]) + '|' + route + '|' + by + '|' + reason, std::move(done));
    };
    desk.link_trouble = [this](const std::string&, const std::string& token) -> std::optional<std::string> {
      ++looks;
      if (token == "good") return std::nullopt;
      return token == "old" ? "this link has expired" : "this link is not known";
    };
    desk.resume_by_link = [this](const std::string& route, const std::string& token, BreakerDesk::Done done) {
      take("resume|" + route + '|' + token, std::move(done));
    };
    return desk;
  }

  void rows(std::vector<BreakerRow> rows) {
    const std::lock_guard lock(mutex_);
    rows_ = std::move(rows);
  }
  void answer_with(std::optional<std::string> trouble) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(trouble);
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }
  // Waits for one that is held; empty when it does not come.
  BreakerDesk::Done held() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, testing_http::kPatience, [this] { return static_cast<bool>(held_); })) return {};
    return std::exchange(held_, nullptr);
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  std::atomic<int> looks = 0;  // at links

 private:
  void take(std::string what, BreakerDesk::Done done) {
    std::optional<std::string> trouble;
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(std::move(what));
      if (holding_) {
        held_ = std::move(done);
        changed_.notify_all();
        return;
      }
      trouble = trouble_;
    }
    done(std::move(trouble));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<BreakerRow> rows_{billing()};
  std::optional<std::string> trouble_;
  bool holding_ = false;
  BreakerDesk::Done held_;
  std::vector<std::string> asked_;
};

// A server with the breakers of a FakeDesk.
class DeskTest : public testing::Test {
 protected:
  void SetUp() override { start({.listen = "127.0.0.1:0"}); }

  void start(const http::ServerOptions& options) {
    auto server = http::Server::create(options);
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    add_breakers(*server_, desk_.desk());
    ASSERT_TRUE(server_->start());
  }

  testing_http::RawSocket ask(const std::string& method, const std::string& path, const std::string& headers = {},
                              const std::string& body = {}) {
    auto socket = testing_http::RawSocket::connect(server_->port());
    EXPECT_TRUE(socket.send(method + ' ' + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body));
    return socket;
  }
  testing_http::RawSocket::Answer request(const std::string& method, const std::string& path,
                                          const std::string& headers = {}, const std::string& body = {}) {
    return ask(method, path, headers, body).answer(method == "HEAD");
  }

  static constexpr const char* kBrowser = "Accept: text/html,application/xhtml+xml\r\n";
  static constexpr const char* kForm = "Content-Type: application/x-www-form-urlencoded\r\n";

  FakeDesk desk_;  // outlives the server
  std::unique_ptr<http::Server> server_;
};

}  // namespace hubferry::console

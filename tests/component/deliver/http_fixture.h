#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "component/http/raw_socket.h"
#include "deliver/http_handler.h"

namespace hubferry::deliver {

using testing_http::kPatience;
using testing_http::RawListener;
using testing_http::RawSocket;

// Answers by offset; fails the test when an event is answered twice.
class HttpOutcomes final : public Answers {
 public:
  void answered(const WorkId& id, Outcome outcome) override {
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(outcomes_.emplace(id.offset, std::move(outcome)).second) << id.offset;
    changed_.notify_all();
  }

  // The outcome of one event; fails the test when it does not come.
  Outcome of(std::int64_t offset) {
    std::unique_lock lock(mutex_);
    const bool there = changed_.wait_for(lock, kPatience, [&] { return outcomes_.contains(offset); });
    EXPECT_TRUE(there) << "no outcome of " << offset;
    return outcomes_[offset];
  }
  // D, F, R or U for each of the events 0 to count-1.
  std::string letters(std::int64_t count) {
    std::string letters;
    for (std::int64_t i = 0; i < count; ++i) letters += "DFRU"[static_cast<std::size_t>(of(i).verdict)];
    return letters;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, Outcome> outcomes_;
};

// A handler for a listener that the test plays.
class HttpHandlerTest : public testing::Test {
 protected:
  HttpHandlerTest() {
    route_.name = "r";
    route_.topic = "orders";
    route_.handler.target = "http://127.0.0.1:" + std::to_string(listener_.port()) + "/events";
    route_.handler.batch_max_events = 100;
  }

  void start() {
    auto made = make_http_handler(route_, outcomes_);
    ASSERT_TRUE(made) << made.error().message;
    handler_ = std::move(*made);
  }
  void start(config::HttpFormat format) {
    route_.handler.format = format;
    start();
  }

  // The event `offset`; its key is a letter.
  static Delivery event(std::int64_t offset, std::string_view key, bool last = false) {
    auto record = std::make_shared<event::Record>();
    record->topic = "orders";
    record->offset = offset;
    record->key = key;
    record->value = R"({"a":1})";
    return {{0, 1, offset}, last ? 3U : 1U, last, std::move(record)};
  }
  // Events 0, 1, ... with these keys; capital letters: the last attempt.
  static std::vector<Delivery> events(std::string_view keys) {
    std::vector<Delivery> all;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const bool last = keys[i] >= 'A' && keys[i] <= 'Z';
      all.push_back(event(static_cast<std::int64_t>(i), keys.substr(i, 1), last));
    }
    return all;
  }

  static std::string answer(int status, const std::string& body = {}, const std::string& fields = {}) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  // The offsets of a request's events.
  static std::string offsets(const std::string& body) {
    std::string found;
    constexpr std::string_view kName = "\"offset\":";
    for (auto at = body.find(kName); at != std::string::npos; at = body.find(kName, at + 1)) {
      if (!found.empty()) found += ' ';
      found += std::to_string(std::atoi(body.c_str() + at + kName.size()));
    }
    return found;
  }
  // Takes the next request, which must have these events, and answers it.
  static void expect(RawSocket& peer, const std::string& offsets_expected, const std::string& answer_given) {
    const auto request = peer.answer();
    ASSERT_TRUE(request);
    EXPECT_EQ(offsets(request->body), offsets_expected);
    ASSERT_TRUE(peer.send(answer_given));
  }

  RawListener listener_{1'024};
  config::ConsumeRoute route_;
  HttpOutcomes outcomes_;
  std::unique_ptr<Handler> handler_;
};

}  // namespace hubferry::deliver

#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "component/http/raw_socket.h"
#include "http/client.h"

namespace hubferry::testing_http {

using Outcome = std::future<Result<http::ClientResponse>>;

// A client and, as its peer, a listener that the test plays itself.
class ClientTest : public testing::Test {
 protected:
  void start() { start(listener_.port()); }
  void start(std::uint16_t port, const std::string& host = "127.0.0.1", const std::string& scheme = "http") {
    const auto url = http::parse_url(scheme + "://" + host + ":" + std::to_string(port) + "/events?x=1");
    ASSERT_TRUE(url);
    auto client = http::Client::create(*url, options_);
    ASSERT_TRUE(client) << client.error().message;
    client_ = std::move(*client);
  }

  Outcome post(std::string_view body, Milliseconds timeout = Milliseconds(60'000), std::string headers = {}) {
    auto [outcome, done] = promised();
    client_->post({std::move(headers), body, timeout}, std::move(done));
    return std::move(outcome);
  }
  Outcome get(std::string headers = {}) {
    auto [outcome, done] = promised();
    client_->get({std::move(headers), "not sent", Milliseconds(60'000)}, std::move(done));
    return std::move(outcome);
  }

  // Fails the test and gives an error when nothing comes.
  static Result<http::ClientResponse> result(Outcome& outcome) {
    if (outcome.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no outcome";
      return fail(ErrorCode::kInternal, "no outcome");
    }
    return outcome.get();
  }

  static void expect_error(Outcome& outcome, ErrorCode code) {
    const auto got = result(outcome);
    ASSERT_FALSE(got) << got->status;
    EXPECT_EQ(got.error().code, code) << got.error().message;
    EXPECT_EQ(got.error().disposition, Disposition::kRetry);
    EXPECT_FALSE(got.error().message.empty());
  }

  static std::string ok(const std::string& body, const std::string& fields = {}) {
    return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  static std::pair<Outcome, http::Client::Done> promised() {
    auto promise = std::make_shared<std::promise<Result<http::ClientResponse>>>();
    return {promise->get_future(),
            [promise](Result<http::ClientResponse> result) { promise->set_value(std::move(result)); }};
  }

  http::ClientOptions options_;
  RawListener listener_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace hubferry::testing_http

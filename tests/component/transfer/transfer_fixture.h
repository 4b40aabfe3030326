#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "component/http/certificates.h"
#include "component/http/raw_socket.h"
#include "transfer/transfer.h"

namespace hubferry::transfer {

using testing_http::kPatience;
using testing_http::RawListener;
using testing_http::RawSocket;

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A transfer whose peers the test plays, away from the environment's proxies.
class TransferTest : public testing::Test {
 protected:
  template <class T>
  using Outcome = std::future<Result<T>>;

  TransferTest() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy",
                             "NO_PROXY", "smtp_proxy", "smtps_proxy"}) {
      ::unsetenv(name);
    }
  }

  void start() {
    auto made = Transfer::create(options_);
    ASSERT_TRUE(made) << made.error().message;
    transfer_ = std::move(*made);
  }

  Outcome<HttpAnswer> post(HttpPost post) {
    auto promise = std::make_shared<std::promise<Result<HttpAnswer>>>();
    transfer_->post(std::move(post), [promise](Result<HttpAnswer> answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }
  Outcome<void> send(Mail mail) {
    auto promise = std::make_shared<std::promise<Status>>();
    transfer_->send(std::move(mail), [promise](Status status) { promise->set_value(std::move(status)); });
    return promise->get_future();
  }

  // Fails the test and gives an error when nothing comes.
  template <class T>
  static Result<T> result(Outcome<T>& outcome) {
    if (outcome.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no outcome";
      return fail(ErrorCode::kInternal, "no outcome");
    }
    return outcome.get();
  }

  // The message of the error that has to come.
  template <class T>
  static std::string refusal(Outcome<T> outcome, ErrorCode code, Disposition disposition) {
    const Result<T> got = result(outcome);
    if (got) {
      ADD_FAILURE() << "no error";
      return {};
    }
    EXPECT_EQ(got.error().code, code) << got.error().message;
    EXPECT_EQ(got.error().disposition, disposition) << got.error().message;
    EXPECT_FALSE(has(got.error().message, "secret")) << got.error().message;
    return got.error().message;
  }

  // A port that refuses connections.
  static std::uint16_t refusing_port() { return RawListener().port(); }

  Options options_;
  RawListener listener_;
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace hubferry::transfer

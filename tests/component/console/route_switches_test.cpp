#include "console/route_switches.h"

#include <gtest/gtest.h>

#include <atomic>

#include "component/http/raw_socket.h"

namespace hubferry::console {
namespace {

class RouteSwitches : public testing::Test {
 protected:
  void SetUp() override {
    auto server = http::Server::create({.listen = "127.0.0.1:0"});
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    add_route_switches(*server_, {switch_of("billing", billing_), switch_of("audit", audit_)});
    ASSERT_TRUE(server_->start());
  }
  static RouteSwitch switch_of(const std::string& name, std::atomic<bool>& paused) {
    return {name, [&paused](bool to) { paused = to; }, [&paused] { return paused.load(); }};
  }
  testing_http::RawSocket::Answer request(const std::string& method, const std::string& path,
                                          const std::string& headers = {}) {
    auto socket = testing_http::RawSocket::connect(server_->port());
    EXPECT_TRUE(socket.send(method + " " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + headers + "\r\n"));
    return socket.answer();
  }

  std::atomic<bool> billing_ = false;
  std::atomic<bool> audit_ = false;
  std::unique_ptr<http::Server> server_;
};

TEST_F(RouteSwitches, PauseAndResumeOneRoute) {
  const auto paused = request("POST", "/v1/routes/billing/pause");
  EXPECT_EQ(paused.status, 200);
  EXPECT_EQ(paused.body, R"({"route":"billing","paused":true})");
  EXPECT_TRUE(billing_);
  EXPECT_FALSE(audit_);
  EXPECT_EQ(request("POST", "/v1/routes/billing/resume").body, R"({"route":"billing","paused":false})");
  EXPECT_FALSE(billing_);
}

TEST_F(RouteSwitches, ListTheRoutes) {
  audit_ = true;
  EXPECT_EQ(request("GET", "/v1/routes").body,
            R"({"routes":[{"route":"billing","paused":false},{"route":"audit","paused":true}]})");
}

TEST_F(RouteSwitches, AnUnknownRouteIs404) {
  EXPECT_EQ(request("POST", "/v1/routes/other/pause").status, 404);
}

TEST_F(RouteSwitches, AGetChangesNothing) {
  EXPECT_EQ(request("GET", "/v1/routes/billing/pause").status, 405);
  EXPECT_FALSE(billing_);
}

TEST_F(RouteSwitches, APageOfAnotherSiteIsRefused) {
  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_EQ(request("POST", "/v1/routes/billing/pause", "Sec-Fetch-Site: " + std::string(site) + "\r\n").status, 403);
  }
  EXPECT_FALSE(billing_);
  EXPECT_EQ(request("POST", "/v1/routes/billing/pause", "Sec-Fetch-Site: same-origin\r\n").status, 200);
}

}  // namespace
}  // namespace hubferry::console

#include "console/console.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "component/console/desk_fixture.h"
#include "component/http/certificates.h"
#include "component/http/raw_socket.h"

namespace hubferry::console {
namespace {

using State = observe::Health::State;

class Console : public testing::Test {
 protected:
  void SetUp() override {
    auto server = http::Server::create({.listen = "127.0.0.1:0"});
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    add_routes(*server_, metrics_, health_, [this] { return rows_; });
    ASSERT_TRUE(server_->start());
  }

  testing_http::RawSocket::Answer get(const std::string& path) {
    auto socket = testing_http::RawSocket::connect(server_->port());
    EXPECT_TRUE(socket.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"));
    return socket.answer();
  }

  observe::Metrics metrics_;
  observe::Health health_;
  std::vector<BreakerRow> rows_;  // before the first request
  std::unique_ptr<http::Server> server_;
};

TEST_F(Console, IsAliveEvenWhenNotReady) {
  health_.set("spool", State::kNotReady, "full");
  const auto answer = get("/livez");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ok");
}

TEST_F(Console, IsReadyWithADegradedPart) {
  health_.set("produce.orders", State::kDegraded, "broker \"b\" is away");
  health_.set("ingest", State::kReady);
  const auto answer = get("/readyz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Content-Type: application/json"));
  EXPECT_EQ(boost::json::parse(answer.body), boost::json::parse(R"({"ready":true,"parts":{
      "ingest":{"state":"ready","reason":""},
      "produce.orders":{"state":"degraded","reason":"broker \"b\" is away"}}})"));
}

TEST_F(Console, IsNotReadyWithAPartThatIsNot) {
  health_.set("ingest", State::kNotReady, "draining \xFF");
  const auto answer = get("/readyz");
  EXPECT_EQ(answer.status, 503);
  const auto body = boost::json::parse(answer.body);
  EXPECT_FALSE(body.at("ready").as_bool());
  EXPECT_EQ(body.at("parts").at("ingest").at("state").as_string(), "not-ready");
}

TEST_F(Console, LeavesOnlyProbesOpenWhenATokenIsAskedFor) {
  const testing_http::Folder folder;
  auto server = http::Server::create({.listen = "127.0.0.1:0", .bearer_token_file = folder.write("tokens", "t\n")});
  ASSERT_TRUE(server);
  server_ = std::move(*server);
  add_routes(*server_, metrics_, health_);
  ASSERT_TRUE(server_->start());
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/metrics").status, 401);
  EXPECT_EQ(get("/").status, 401);
}

TEST_F(Console, GivesTheMetricsAsPrometheusReadsThem) {
  metrics_.counter("hubferry_x_total", "X", {{"route", "a"}}).Increment(2);
  const auto answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_NE(answer.body.find("hubferry_x_total{route=\"a\"} 2\n"), std::string::npos);
}

TEST_F(Console, ShowsEscapedPartsOnTheStatusPage) {
  health_.set("produce.<b>", State::kDegraded, "\"<script>alert('x')</script>\" & more");
  const auto answer = get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Content-Type: text/html; charset=utf-8"));
  EXPECT_NE(answer.body.find("produce.&lt;b&gt;"), std::string::npos);
  EXPECT_NE(answer.body.find("&quot;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; &amp; more"),
            std::string::npos);
  EXPECT_EQ(answer.body.find("<script"), std::string::npos);
  EXPECT_NE(answer.body.find("href=\"/metrics\""), std::string::npos);
  EXPECT_NE(answer.body.find("href=\"/readyz\""), std::string::npos);
  EXPECT_EQ(answer.body.find("Circuit breakers"), std::string::npos);  // there are none
}

TEST_F(Console, ShowsTheBreakersWithTheButtonsThatFitTheirState) {
  BreakerRow row = FakeDesk::billing();
  for (const auto& [route, state] : {std::pair{"a", "closed"}, {"b", "open"}, {"c", "half-open"}}) {
    row.route = route;
    row.state = state;
    rows_.push_back(row);
  }
  const std::string body = get("/").body;
  const auto has = [&body](const std::string& text) { return body.find(text) != std::string::npos; };
  for (const std::string route : {"a", "b", "c"}) {
    const auto form = [&](const char* verb) {
      return has("<form method=\"post\" action=\"/v1/breakers/" + route + '/' + verb + "\">");
    };
    EXPECT_EQ(form("open"), route == "a");
    EXPECT_EQ(form("probe"), route == "b");
    EXPECT_EQ(form("close"), route != "a");
  }
  for (const char* text : {">all instances (3)<", ">2026-11-21 10:00:00 UTC, ", ">101 final failures within 30s<",
                           ">3 of 100 in 30s<", ">1234 events<", "<li>87 times: HTTP 500"}) {
    EXPECT_TRUE(has(text)) << text;
  }
}

TEST_F(Console, EscapesTheBreakersAndKeepsItsPageFromOtherSites) {
  BreakerRow row = FakeDesk::billing();
  row.route = "<i>\"";
  row.reason = "<b>";
  row.errors = {{"<script>", 1}};
  row.trouble = "<u>";
  rows_ = {row};
  const auto answer = get("/");
  EXPECT_NE(answer.body.find("action=\"/v1/breakers/&lt;i&gt;&quot;/probe\""), std::string::npos);
  for (const char* raw : {"<i>", "<b>", "<script", "<u>"}) EXPECT_EQ(answer.body.find(raw), std::string::npos) << raw;
  for (const char* escaped : {"&lt;b&gt;", "&lt;script&gt;", "may be old: &lt;u&gt;"}) {
    EXPECT_NE(answer.body.find(escaped), std::string::npos) << escaped;
  }
  EXPECT_TRUE(answer.has("Cache-Control: no-store"));
  EXPECT_TRUE(answer.has("Referrer-Policy: no-referrer"));
  EXPECT_NE(answer.header.find("form-action 'self'; frame-ancestors 'none'"), std::string::npos);
}

}  // namespace
}  // namespace hubferry::console

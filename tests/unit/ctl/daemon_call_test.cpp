#include "ctl/daemon_call.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string url_of(const std::string& listen, const std::string& certificate = "") {
  config::IngestSettings ingest;
  ingest.listen = listen;
  ingest.tls_certificate_file = certificate;
  return daemon_url(ingest);
}

Result<boost::json::object> object(int status, const std::string& body) {
  http::ClientResponse response;
  response.status = status;
  response.body = body;
  return object_of("http://h/x", response, "there is no such thing");
}

TEST(DaemonUrl, LeadsToTheDaemonFromItsOwnHost) {
  EXPECT_EQ(url_of("127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(url_of("0.0.0.0:80"), "http://127.0.0.1:80");
  EXPECT_EQ(url_of("[::]:8080"), "http://[::1]:8080");
  EXPECT_EQ(url_of("[fe80::1]:8080"), "http://[fe80::1]:8080");
  EXPECT_EQ(url_of("hub.example:8443", "/etc/cert.pem"), "https://hub.example:8443");
}

TEST(DaemonAnswer, IsAnObjectWithStatus200) {
  EXPECT_EQ(object(200, R"({"a":1})")->at("a").as_int64(), 1);
  for (const char* body : {"", "ok", "[]", "1", "{\"a\":1}}"}) {
    EXPECT_THAT(object(200, body).error().message, HasSubstr("unexpected answer: " + std::string(body)));
  }
}

TEST(DaemonAnswer, IsExplainedWhenItIsAnother) {
  EXPECT_THAT(object(401, "").error().message, AllOf(HasSubstr("http://h/x answered 401"), HasSubstr("--token-file")));
  EXPECT_THAT(object(403, "").error().message, HasSubstr("--token-file"));
  EXPECT_THAT(object(404, "").error().message, HasSubstr("answered 404: there is no such thing"));
  EXPECT_THAT(object(409, R"({"title":"Conflict","detail":"It is not open."})").error().message,
              HasSubstr("answered 409: It is not open."));
  EXPECT_THAT(object(503, "boom").error().message, HasSubstr("answered 503: boom"));
  EXPECT_LT(object(500, std::string(10'000, 'x')).error().message.size(), 400U);
}

TEST(DaemonOptions, StandBehindTheCommandsOwn) {
  const auto options = with_daemon_options({kJsonOption});
  ASSERT_EQ(options.size(), 5U);
  EXPECT_STREQ(options.front().name, "json");
  EXPECT_STREQ(options.back().name, "timeout");
}

}  // namespace
}  // namespace hubferry::ctl

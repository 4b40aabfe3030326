#include "http/response_text.h"

#include <gtest/gtest.h>

namespace hubferry::http {
namespace {

std::string header_of(const Response& response, const ResponseFraming& framing = {}) {
  std::string header = "old";
  write_header(header, response, framing);
  return header;
}

bool has_line(const std::string& header, const std::string& line) {
  return header.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST(Problem, CarriesTitleStatusAndDetail) {
  const Response response = problem(404, "no \"topic\" \xFF");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(
      response.body,
      "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no \\\"topic\\\" \xEF\xBF\xBD\"}");
}

TEST(WriteHeader, WritesStatusLengthAndFields) {
  Response response{202, "application/json", "{}", {{"X-A", "1"}}};
  const std::string header = header_of(response);
  EXPECT_TRUE(header.starts_with("HTTP/1.1 202 Accepted\r\nDate: "));
  EXPECT_TRUE(has_line(header, "Content-Type: application/json"));
  EXPECT_TRUE(has_line(header, "Content-Length: 2"));
  EXPECT_TRUE(has_line(header, "X-A: 1"));
  EXPECT_TRUE(header.ends_with("\r\n\r\n"));
  EXPECT_EQ(header.find("Connection"), std::string::npos);
}

TEST(WriteHeader, SaysWhetherTheConnectionStays) {
  EXPECT_TRUE(has_line(header_of({}, {false, false, true}), "Connection: close"));
  EXPECT_TRUE(has_line(header_of({}, {false, true, false}), "Connection: keep-alive"));
}

TEST(WriteHeader, GivesNoLengthWhereThereIsNoBody) {
  for (const int status : {204, 304}) {
    Response response;
    response.status = status;
    EXPECT_EQ(header_of(response).find("Content-"), std::string::npos);
  }
}

TEST(WriteHeader, LetsNoFieldValueEndTheLine) {
  Response response{200, "a/b\r\nX: 1", "", {{"X-A", "1\r\nX-B: 2"}, {"X-C\n", "3"}}};
  const std::string header = header_of(response);
  EXPECT_TRUE(has_line(header, "Content-Type: a/b  X: 1"));
  EXPECT_TRUE(has_line(header, "X-A: 1  X-B: 2"));
  EXPECT_TRUE(has_line(header, "X-C : 3"));
}

}  // namespace
}  // namespace hubferry::http

#include <gtest/gtest.h>

#include <string>

#include "deliver/file_handler.h"
#include "deliver/http_handler.h"
#include "event/origin.h"

namespace hubferry::deliver {
namespace {

event::Record sample() {
  event::Record record;
  record.topic = "orders";
  record.partition = 3;
  record.offset = 42;
  record.timestamp_ms = 1'700'000'000'000;
  record.value = R"({"a":1})";
  return record;
}

TEST(DeliveryHeaders, NameWhereTheEventIsAndWhichAttemptItIs) {
  event::Record record = sample();
  record.key = "a b/ü";
  const std::string lines = delivery_headers(record, 2);
  for (const char* line :
       {"Content-Type: application/json\r\n", "X-HubFerry-Topic: orders\r\n", "X-HubFerry-Partition: 3\r\n",
        "X-HubFerry-Offset: 42\r\n", "X-HubFerry-Attempt: 2\r\n", "X-HubFerry-Key: a%20b%2F%C3%BC\r\n",
        "X-HubFerry-Timestamp: 1700000000000\r\n", "Idempotency-Key: orders-3-42\r\n"}) {
    EXPECT_NE(lines.find(line), std::string::npos) << line << "\n" << lines;
  }
  EXPECT_EQ(lines.find("Sequence"), std::string::npos);
}

TEST(DeliveryHeaders, GiveAResendTheSameIdempotencyKey) {
  event::Record record = sample();
  const auto origin = event::encode_origin({0xAB, 7, 0});
  record.headers.push_back({event::kOriginHeader, std::string_view(origin.data(), origin.size())});
  const std::string first = delivery_headers(record, 1);
  EXPECT_NE(first.find("Idempotency-Key: 00000000000000ab-7\r\n"), std::string::npos) << first;
  EXPECT_NE(first.find("X-HubFerry-Sequence: 7\r\n"), std::string::npos);
  record.offset = 99;
  EXPECT_NE(delivery_headers(record, 1).find("Idempotency-Key: 00000000000000ab-7\r\n"), std::string::npos);
}

TEST(DeliveryHeaders, CannotBeSplitByARecordHeader) {
  event::Record record = sample();
  record.headers.push_back({"content-type", "text/plain\r\nX-Evil: 1"});
  const std::string lines = delivery_headers(record, 1);
  EXPECT_EQ(lines.find("Evil"), std::string::npos);
  EXPECT_NE(lines.find("Content-Type: application/json\r\n"), std::string::npos);
}

Outcome judged(int status, std::string retry_after = {}) {
  http::ClientResponse response;
  response.status = status;
  response.retry_after = std::move(retry_after);
  return judge(response);
}

TEST(Judge, TellsDoneFromFailedFromUnavailable) {
  for (const int status : {200, 202, 204, 299}) EXPECT_EQ(judged(status).verdict, Verdict::kDone) << status;
  for (const int status : {300, 400, 408, 500, 504}) EXPECT_EQ(judged(status).verdict, Verdict::kFailed) << status;
  for (const int status : {429, 503}) EXPECT_EQ(judged(status).verdict, Verdict::kUnavailable) << status;
  EXPECT_EQ(judge(fail(ErrorCode::kUnavailable, "refused")).verdict, Verdict::kUnavailable);
  EXPECT_EQ(judge(fail(ErrorCode::kTimeout, "slow")).verdict, Verdict::kFailed);
  EXPECT_EQ(judge(fail(ErrorCode::kIo, "broken")).verdict, Verdict::kFailed);
}

TEST(Judge, HonoursRetryAfterInSecondsWithinAnHour) {
  EXPECT_EQ(judged(503, "7").retry_after, std::chrono::seconds(7));
  EXPECT_EQ(judged(503, "999999999").retry_after, std::chrono::hours(1));
  EXPECT_EQ(judged(503, "-5").retry_after, std::chrono::seconds(0));
  EXPECT_EQ(judged(503, "Fri, 31 Dec 1999 23:59:59 GMT").retry_after, std::chrono::seconds(0));
}

TEST(NdjsonLine, EmbedsJsonAsItIs) {
  event::JsonEvents json;
  event::Record record = sample();
  record.key = "k\"1";
  const auto origin = event::encode_origin({0xAB, 7, 0});
  record.headers.push_back({event::kOriginHeader, std::string_view(origin.data(), origin.size())});
  EXPECT_EQ(ndjson_line(record, json),
            "{\"topic\":\"orders\",\"partition\":3,\"offset\":42,\"timestamp\":1700000000000,\"key\":\"k\\\"1\","
            "\"source\":\"00000000000000ab\",\"sequence\":7,\"epoch\":0,\"value\":{\"a\":1}}\n");
}

TEST(NdjsonLine, IsAlwaysOneLineOfValidJson) {
  event::JsonEvents json;
  for (const std::string& value : {std::string("{\n\"a\":\r\n1}"), std::string("not json"),
                                   std::string("\xff\x00\n", 3), std::string(), std::string("\"x\"")}) {
    event::Record record = sample();
    record.value = value;
    record.key = value;
    const std::string line = ndjson_line(record, json);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_TRUE(json.valid(line)) << line;
  }
}

TEST(NdjsonLine, ShowsOtherBytesAsBase64AndATombstoneAsNull) {
  event::JsonEvents json;
  event::Record record = sample();
  for (const auto& [bytes, text] :
       std::vector<std::pair<std::string, std::string>>{{"not", "bm90"}, {"text", "dGV4dA=="}, {"bytes", "Ynl0ZXM="}}) {
    record.value = bytes;
    EXPECT_NE(ndjson_line(record, json).find("\"value_base64\":\"" + text + "\""), std::string::npos) << bytes;
  }
  record.value.reset();
  EXPECT_NE(ndjson_line(record, json).find("\"value\":null"), std::string::npos);
}

}  // namespace
}  // namespace hubferry::deliver

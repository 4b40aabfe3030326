#include "deliver/http_headers.h"

#include <gmock/gmock.h>

#include <string>

#include "deliver/event_facts.h"
#include "unit/deliver/http_records.h"

namespace hubferry::deliver {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

config::ConsumeRoute route() {
  config::ConsumeRoute route;
  route.name = "r";
  route.topic = "orders";
  return route;
}

std::string lines_of(const Delivery& delivery, const config::ConsumeRoute& of = route()) {
  const auto headers = DeliveryHeaders::make(of);
  EXPECT_TRUE(headers) << headers.error().message;
  std::string lines = headers->fixed();
  headers->append(delivery, lines);
  return lines;
}
std::string lines_of(event::Record record) {
  return lines_of(first_delivery(std::move(record)));
}

// A record with one more header.
event::Record with(std::string_view name, std::string_view value) {
  event::Record record = sample();
  record.headers.push_back({name, value});
  return record;
}

TEST(DeliveryHeaders, NameWhereTheEventIsAndWhichAttemptItIs) {
  event::Record record = sample();
  record.key = "a b/ü";
  Delivery delivery = first_delivery(std::move(record));
  delivery.attempt = 2;
  const std::string lines = lines_of(delivery);
  for (const char* line :
       {"Content-Type: application/json\r\n", "X-HubFerry-Topic: orders\r\n", "X-HubFerry-Partition: 3\r\n",
        "X-HubFerry-Offset: 42\r\n", "X-HubFerry-Attempt: 2\r\n", "X-HubFerry-Key: a%20b%2F%C3%BC\r\n",
        "X-HubFerry-Timestamp: 1700000000123\r\n", "Idempotency-Key: orders-3-42\r\n"}) {
    EXPECT_THAT(lines, HasSubstr(line));
  }
  EXPECT_THAT(lines, Not(HasSubstr("Sequence")));
  EXPECT_THAT(lines, Not(HasSubstr("Last-Attempt")));
  delivery.last_attempt = true;
  EXPECT_THAT(lines_of(delivery), HasSubstr("X-HubFerry-Last-Attempt: true\r\n"));
}

TEST(DeliveryHeaders, AreExactlyTheseLines) {
  event::Record record = sample();
  record.key = "k";
  EXPECT_EQ(lines_of(std::move(record)),
            "X-HubFerry-Topic: orders\r\nContent-Type: application/json\r\nIdempotency-Key: orders-3-42\r\n"
            "X-HubFerry-Partition: 3\r\nX-HubFerry-Offset: 42\r\nX-HubFerry-Timestamp: 1700000000123\r\n"
            "X-HubFerry-Attempt: 1\r\nX-HubFerry-Key: k\r\nce-specversion: 1.0\r\nce-source: /topics/orders\r\n"
            "ce-type: hubferry.event\r\nce-id: orders-3-42\r\nce-time: 2023-11-14T22:13:20.123Z\r\n"
            "ce-partitionkey: k\r\n");
}

TEST(DeliveryHeaders, GiveAResendAndAReplayTheSameIdempotencyKey) {
  const auto origin = event::encode_origin({0xAB, 7, 0});
  const auto other = event::encode_origin({0xCD, 9, 0});
  const std::string_view bytes(origin.data(), origin.size());
  for (const auto name : {event::kOriginHeader, event::kForwardedOriginHeader}) {
    event::Record record = with(name, bytes);
    record.offset = 99;
    const std::string lines = lines_of(std::move(record));
    EXPECT_THAT(lines, HasSubstr("Idempotency-Key: 00000000000000ab-7\r\n"));
    EXPECT_THAT(lines, HasSubstr("ce-id: 00000000000000ab-7\r\n"));
    EXPECT_THAT(lines, HasSubstr("X-HubFerry-Source: 00000000000000ab\r\nX-HubFerry-Sequence: 7\r\n"));
  }
  event::Record both = with(event::kOriginHeader, bytes);
  both.headers.push_back({event::kForwardedOriginHeader, std::string_view(other.data(), other.size())});
  EXPECT_THAT(lines_of(std::move(both)), HasSubstr("Idempotency-Key: 00000000000000ab-7\r\n"));
  EXPECT_THAT(lines_of(with("hf", "too short")), HasSubstr("Idempotency-Key: orders-3-42\r\n"));
}

TEST(DeliveryHeaders, CannotBeSplitByARecord) {
  for (const char* name : {"content-type", "traceparent", "ce_id", "ce_x", "ce_a\r\nX-Evil: 1"}) {
    event::Record record = with(name, "text/plain\r\nX-Evil: 1");
    make_cloud_event(record);
    EXPECT_THAT(lines_of(std::move(record)), Not(HasSubstr("Evil"))) << name;
  }
  event::Record record = sample();
  record.key = "k\r\nX-Evil: 1";
  EXPECT_THAT(lines_of(std::move(record)), Not(HasSubstr("\nX-Evil")));
}

TEST(DeliveryHeaders, TellATombstoneFromAnEmptyValue) {
  event::Record record = sample();
  record.value = "";
  EXPECT_THAT(lines_of(std::move(record)), Not(HasSubstr("Tombstone")));
  record = sample();
  record.value.reset();
  EXPECT_THAT(lines_of(std::move(record)), HasSubstr("X-HubFerry-Tombstone: true\r\n"));
}

TEST(DeliveryHeaders, LeaveOutAKeyThatNoServerWouldTake) {
  const std::string key(5'000, 'k');
  event::Record record = sample();
  record.key = key;
  const std::string lines = lines_of(std::move(record));
  EXPECT_THAT(lines, Not(HasSubstr("X-HubFerry-Key")));
  EXPECT_THAT(lines, Not(HasSubstr("ce-partitionkey")));
}

TEST(DeliveryHeaders, PassOnAValidTraceContextOnly) {
  event::Record record = with("traceparent", kTrace);
  record.headers.push_back({"tracestate", "a=b"});
  EXPECT_THAT(lines_of(std::move(record)),
              HasSubstr("traceparent: " + std::string(kTrace) + "\r\ntracestate: a=b\r\n"));
  const std::string good = kTrace;
  for (const std::string& bad :
       {good + "-00", good.substr(1), "ff" + good.substr(2), "00-" + std::string(32, '0') + good.substr(35),
        good.substr(0, 36) + std::string(16, '0') + "-01", "00-0AF7651916CD43DD8448EB211C80319C" + good.substr(35)}) {
    event::Record wrong = with("traceparent", bad);
    wrong.headers.push_back({"tracestate", "a=b"});
    EXPECT_THAT(lines_of(std::move(wrong)), Not(HasSubstr("trace"))) << bad;
  }
  EXPECT_THAT(lines_of(with("traceparent", "01" + good.substr(2) + "-more")), HasSubstr("traceparent: 01-"));
}

TEST(DeliveryHeaders, CarryTheAttributesOfACloudEvent) {
  event::Record record = with("content-type", "application/xml");
  make_cloud_event(record);
  record.headers.push_back({"ce_euro", "a€\"%b"});
  record.headers.push_back({"ce_Bad_Name", "x"});
  record.headers.push_back({"ce_control", "a\x01"});
  record.headers.push_back({"ce_latin", "\xE9"});
  const std::string lines = lines_of(std::move(record));
  EXPECT_THAT(lines, HasSubstr("Content-Type: application/xml\r\n"));
  EXPECT_THAT(lines, HasSubstr("ce-specversion: 1.0\r\nce-id: id%201\r\nce-source: /source\r\nce-type: my.type\r\n"
                               "ce-euro: a%E2%82%AC%22%25b\r\n"));
  for (const char* missing : {"Bad", "control", "latin", "ce-time", "hubferry.event"}) {
    EXPECT_THAT(lines, Not(HasSubstr(missing)));
  }
}

TEST(DeliveryHeaders, MakeACloudEventOfOneThatLacksARequiredAttribute) {
  event::Record record = with("ce_type", "my.type");
  record.headers.push_back({"ce_id", "1"});
  const std::string lines = lines_of(std::move(record));
  EXPECT_THAT(lines, HasSubstr("ce-type: hubferry.event\r\nce-id: orders-3-42\r\n"));
  EXPECT_THAT(lines, Not(HasSubstr("my.type")));
}

TEST(DeliveryHeaders, HaveNoAttributesBesideAStructuredCloudEvent) {
  EXPECT_THAT(lines_of(with("content-type", "Application/CloudEvents+json; charset=utf-8")), Not(HasSubstr("ce-")));
}

TEST(DeliveryHeaders, TakeTheRoutesOwnLinesAndNames) {
  config::ConsumeRoute own = route();
  own.handler.headers = {"X-Tenant: a", "ce-type: com.example.order", "CE-Source: https://example.com/orders"};
  const std::string lines = lines_of(first_delivery(sample()), own);
  EXPECT_THAT(lines, HasSubstr("X-Tenant: a\r\n"));
  EXPECT_THAT(lines, HasSubstr("ce-source: https://example.com/orders\r\nce-type: com.example.order\r\n"));
  EXPECT_THAT(lines, Not(HasSubstr("CE-Source")));
}

TEST(DeliveryHeaders, RefuseLinesThatDifferFromEventToEvent) {
  for (const char* line : {"Idempotency-Key: 1", "traceparent: x", "ce-id: 1", "ce-type:"}) {
    config::ConsumeRoute own = route();
    own.handler.headers = {line};
    const auto headers = DeliveryHeaders::make(own);
    ASSERT_FALSE(headers) << line;
    EXPECT_THAT(headers.error().message, HasSubstr("consume.r.handler.headers"));
  }
}

TEST(AppendTime, WritesRfc3339InUtc) {
  const auto text = [](std::int64_t ms) {
    std::string to;
    return append_time(ms, to) ? to : "none";
  };
  EXPECT_EQ(text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text(951'826'154'007), "2000-02-29T12:09:14.007Z");
  EXPECT_EQ(text(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(text(253'402'300'800'000), "none");
  EXPECT_EQ(text(-1), "none");
}

}  // namespace
}  // namespace hubferry::deliver

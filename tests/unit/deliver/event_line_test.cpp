#include "deliver/event_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "event/origin.h"

namespace hubferry::deliver {
namespace {

std::string idempotency_key(const event::Record& record) {
  std::string key;
  append_idempotency_key(record, facts_of(record), key);
  return key;
}

event::Record sample() {
  event::Record record;
  record.topic = "orders";
  record.partition = 3;
  record.offset = 42;
  record.timestamp_ms = 1'700'000'000'000;
  record.value = R"({"a":1})";
  return record;
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

TEST(IdempotencyKey, IsThatOfTheSpoolOrThatOfThePlace) {
  event::Record record = sample();
  EXPECT_EQ(idempotency_key(record), "orders-3-42");
  const auto origin = event::encode_origin({0xAB, 7, 0});
  record.headers.push_back({event::kOriginHeader, std::string_view(origin.data(), origin.size())});
  record.offset = 99;
  EXPECT_EQ(idempotency_key(record), "00000000000000ab-7");
  record.headers[0].name = event::kForwardedOriginHeader;
  EXPECT_EQ(idempotency_key(record), "00000000000000ab-7") << "a replayed event is the same event";
  record.headers[0].name = event::kOriginHeader;
  record.headers[0].value = "short";
  EXPECT_EQ(idempotency_key(record), "orders-3-99");
}

Delivery delivery_of(event::Record record) {
  Delivery delivery;
  delivery.attempt = 2;
  delivery.last_attempt = true;
  delivery.record = std::make_shared<event::Record>(std::move(record));
  return delivery;
}

TEST(CommandInput, NamesTheDeliveryAndItsHeaders) {
  event::JsonEvents json;
  event::Record record = sample();
  record.key = "k";
  const auto origin = event::encode_origin({0xAB, 7, 1});
  record.headers.push_back({"a", "x\"y"});
  record.headers.push_back({event::kOriginHeader, std::string_view(origin.data(), origin.size())});
  record.headers.push_back({"b", std::nullopt});
  record.headers.push_back({"c", "\xff"});
  EXPECT_EQ(command_input(17, delivery_of(std::move(record)), json),
            "{\"id\":17,\"attempt\":2,\"last_attempt\":true,\"idempotency_key\":\"00000000000000ab-7\","
            "\"topic\":\"orders\",\"partition\":3,\"offset\":42,\"timestamp\":1700000000000,\"key\":\"k\","
            "\"headers\":[{\"name\":\"a\",\"value\":\"x\\\"y\"},{\"name\":\"b\",\"value\":null},"
            "{\"name\":\"c\",\"value_base64\":\"/w==\"}],"
            "\"source\":\"00000000000000ab\",\"sequence\":7,\"epoch\":1,\"value\":{\"a\":1}}\n");
}

TEST(CommandInput, IsAlwaysOneLineOfValidJson) {
  event::JsonEvents json;
  for (const std::string& bytes : {std::string("\n\r\"\\"), std::string("\xff\x00", 2), std::string()}) {
    event::Record record = sample();
    record.value = bytes;
    record.key = bytes;
    record.headers.push_back({bytes, bytes});
    const std::string line = command_input(1, delivery_of(std::move(record)), json);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_TRUE(json.valid(line)) << line;
  }
  EXPECT_THAT(command_input(1, delivery_of(sample()), json), testing::Not(testing::HasSubstr("headers")));
}

}  // namespace
}  // namespace hubferry::deliver

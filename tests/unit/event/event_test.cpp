#include <gtest/gtest.h>

#include <string>

#include "event/json_event.h"
#include "event/origin.h"
#include "event/partitioner.h"

namespace hubferry::event {
namespace {

TEST(Origin, IsTwentyBytesBigEndian) {
  const auto bytes = encode_origin({0x0102030405060708ULL, 0x1112131415161718ULL, 0x21222324U});
  EXPECT_EQ(std::string(bytes.data(), bytes.size()),
            "\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18\x21\x22\x23\x24");
  const auto origin = decode_origin({bytes.data(), bytes.size()});
  ASSERT_TRUE(origin);
  EXPECT_EQ(*origin, (Origin{0x0102030405060708ULL, 0x1112131415161718ULL, 0x21222324U}));
}

TEST(Origin, RefusesOtherSizes) {
  EXPECT_FALSE(decode_origin(""));
  EXPECT_FALSE(decode_origin(std::string(19, 'x')));
  EXPECT_FALSE(decode_origin(std::string(21, 'x')));
}

// Expected values from Apache Kafka's own tests: UtilsTest.testMurmur2 (4.x).
TEST(Partitioner, Murmur2IsTheJavaClients) {
  const auto expect = [](const char* key, std::int32_t hash) {
    const std::int32_t partitions = 1'000'003;
    EXPECT_EQ(murmur2_partition(key, partitions), (hash & 0x7fffffff) % partitions) << key;
  };
  expect("21", -973932308);
  expect("foobar", -790332482);
  expect("a-little-bit-long-string", -985981536);
  expect("a-little-bit-longer-string", -1486304829);
  expect("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971);
  expect("abc", 479470107);
}

// CRC-32 check value: "123456789" gives 0xCBF43926.
TEST(Partitioner, ConsistentIsCrc32) {
  EXPECT_EQ(consistent_partition("123456789", 1'000'003), static_cast<std::int32_t>(0xCBF43926U % 1'000'003U));
}

std::string padded(std::string json) {
  json.reserve(json.size() + JsonEvents::kPadding);
  return json;
}

TEST(JsonEvents, FindsTheKeyAtThePointer) {
  JsonEvents events;
  const std::string json = padded(R"({"order":{"id":"o-1","number":42,"tags":[]},"ok":true})");
  EXPECT_EQ(events.check(json, "/order/id").value(), "o-1");
  EXPECT_EQ(events.check(json, "/order/number").value(), "42");
  EXPECT_EQ(events.check(json, "/ok").value(), "true");
  EXPECT_EQ(events.check(json, "").value(), std::nullopt);
}

TEST(JsonEvents, RefusesAMissingOrCompoundKey) {
  JsonEvents events;
  const std::string json = padded(R"({"order":{"id":null,"tags":[]}})");
  for (const char* pointer : {"/order/none", "/order/id", "/order/tags", "/order"}) {
    const auto key = events.check(json, pointer);
    ASSERT_FALSE(key) << pointer;
    EXPECT_NE(key.error().message.find(pointer), std::string::npos);
  }
}

TEST(JsonEvents, RefusesMalformedDocuments) {
  JsonEvents events;
  for (const char* text : {"", " ", "{", "{\"a\":}", "{\"a\":1}x", "nul", "\"\xff\"", "[1,]", "{\"a\" 1}"}) {
    EXPECT_FALSE(events.check(padded(text), "")) << text;
    EXPECT_FALSE(events.valid(text)) << text;
  }
  EXPECT_TRUE(events.check(padded("[1,2]"), ""));
  EXPECT_TRUE(events.valid("3"));
}

}  // namespace
}  // namespace hubferry::event

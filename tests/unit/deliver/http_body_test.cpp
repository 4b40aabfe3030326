#include "deliver/http_body.h"

#include <gmock/gmock.h>

#include <string>

#include "event/json_event.h"
#include "event/origin.h"
#include "unit/deliver/http_records.h"

namespace hubferry::deliver {
namespace {

using config::HttpFormat;
using testing::HasSubstr;
using testing::Not;

std::vector<Delivery> deliveries(std::vector<event::Record> records) {
  std::vector<Delivery> all;
  for (event::Record& record : records) all.push_back(first_delivery(std::move(record)));
  return all;
}

BatchBody body_of(HttpFormat format, const std::vector<Delivery>& events) {
  return BatchWriter(format, {"/topics/orders", "hubferry.event"}).write(events);
}

std::string text_of(HttpFormat format, event::Record record) {
  std::vector<Delivery> events;
  events.push_back(first_delivery(std::move(record)));
  return std::string(body_of(format, events).whole());
}

TEST(BatchWriter, GivesEachEventOfALineItsPlaceKeyAndOrigin) {
  event::Record record = sample();
  record.key = "k\"1";
  const auto origin = event::encode_origin({0xAB, 7, 2});
  record.headers.push_back({event::kOriginHeader, std::string_view(origin.data(), origin.size())});
  record.headers.push_back({"content-type", "application/json"});
  record.headers.push_back({"none", std::nullopt});
  EXPECT_EQ(text_of(HttpFormat::kNdjson, std::move(record)),
            "{\"attempt\":1,\"last_attempt\":false,\"idempotency_key\":\"00000000000000ab-7\",\"topic\":\"orders\","
            "\"partition\":3,\"offset\":42,\"timestamp\":1700000000123,\"key\":\"k\\\"1\",\"headers\":[{\"name\":"
            "\"content-type\",\"value\":\"application/json\"},{\"name\":\"none\",\"value\":null}],\"source\":"
            "\"00000000000000ab\",\"sequence\":7,\"epoch\":2,\"value\":{\"a\":1}}\n");
}

TEST(BatchWriter, MakesOneValidLineOfEveryEventWhateverItsBytesAre) {
  event::JsonEvents json;
  for (const std::string& bytes :
       {std::string("{\n\"a\":\r\n1}"), std::string("not json"), std::string("\xff\x00\n", 3), std::string(),
        std::string("\"x\""), std::string("\xEF\xBB\xBF{}"), std::string("{}{}"), std::string("1\n2"),
        std::string("\x01\t\"\\\x7F€")}) {
    for (const HttpFormat format : {HttpFormat::kNdjson, HttpFormat::kJsonArray, HttpFormat::kCloudEvents}) {
      event::Record record = sample();
      record.value = record.key = bytes;
      record.headers.push_back({bytes, bytes});
      record.headers.push_back({"ce_x", bytes});
      make_cloud_event(record);
      const std::string text = text_of(format, std::move(record));
      EXPECT_TRUE(json.valid(text)) << text;
      if (format == HttpFormat::kNdjson) {
        EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
      }
    }
  }
}

TEST(BatchWriter, ShowsOtherBytesAsBase64AndATombstoneAsNull) {
  event::Record record = sample();
  record.value = "not";
  record.key = "\xff";
  const std::string text = text_of(HttpFormat::kJsonArray, std::move(record));
  EXPECT_THAT(text, HasSubstr("\"value_base64\":\"bm90\"}]"));
  EXPECT_THAT(text, HasSubstr("\"key_base64\":\"/w==\""));
  record = sample();
  record.value.reset();
  EXPECT_THAT(text_of(HttpFormat::kJsonArray, std::move(record)), HasSubstr("\"value\":null}]"));
}

TEST(BatchWriter, LetsAnyPartBeCutOut) {
  event::JsonEvents json;
  for (const HttpFormat format : {HttpFormat::kNdjson, HttpFormat::kJsonArray, HttpFormat::kCloudEvents}) {
    std::vector<event::Record> records;
    for (int i = 0; i < 5; ++i) {
      records.push_back(sample());
      records.back().offset = i;
    }
    const auto events = deliveries(std::move(records));
    const BatchBody body = body_of(format, events);
    EXPECT_EQ(body.part(0, 5), body.whole());
    for (std::size_t from = 0; from < 5; ++from) {
      for (std::size_t to = from + 1; to <= 5; ++to) {
        const std::vector<Delivery> some(events.begin() + static_cast<std::ptrdiff_t>(from),
                                         events.begin() + static_cast<std::ptrdiff_t>(to));
        EXPECT_EQ(body.part(from, to), body_of(format, some).whole());
      }
    }
  }
}

TEST(BatchWriter, MakesCloudEventsOfOtherEvents) {
  event::Record record = sample();
  record.key = "k";
  EXPECT_EQ(
      text_of(HttpFormat::kCloudEvents, std::move(record)),
      "[{\"specversion\":\"1.0\",\"id\":\"orders-3-42\",\"source\":\"/topics/orders\",\"type\":\"hubferry.event\","
      "\"time\":\"2023-11-14T22:13:20.123Z\",\"idempotencykey\":\"orders-3-42\",\"hubferrypartition\":3,"
      "\"hubferryoffset\":\"42\",\"hubferryattempt\":1,\"partitionkey\":\"k\",\"data\":{\"a\":1}}]");
}

TEST(BatchWriter, KeepsTheAttributesOfACloudEvent) {
  event::Record record = sample();
  make_cloud_event(record);
  record.key = "k";
  record.headers.push_back({"ce_partitionkey", "own"});
  record.headers.push_back({"content-type", "application/json"});
  const std::string text = text_of(HttpFormat::kCloudEvents, std::move(record));
  EXPECT_THAT(text, HasSubstr("{\"specversion\":\"1.0\",\"id\":\"id 1\",\"source\":\"/source\",\"type\":\"my.type\","
                              "\"partitionkey\":\"own\","));
  EXPECT_THAT(text, HasSubstr("\"datacontenttype\":\"application/json\",\"data\":{\"a\":1}}"));
  EXPECT_THAT(text, Not(HasSubstr("\"k\"")));
  EXPECT_THAT(text, Not(HasSubstr("\"time\"")));
}

TEST(BatchWriter, AddsToACloudEventInJson) {
  event::JsonEvents json;
  event::Record record = sample();
  record.headers.push_back({"content-type", "application/cloudevents+json"});
  record.value = " {\"id\":\"1\",\"hubferryattempt\":9}\n";
  Delivery delivery = first_delivery(std::move(record));
  delivery.last_attempt = true;
  std::vector<Delivery> events;
  events.push_back(std::move(delivery));
  const std::string text(body_of(HttpFormat::kCloudEvents, events).whole());
  EXPECT_EQ(text,
            "[{\"idempotencykey\":\"orders-3-42\",\"hubferrypartition\":3,\"hubferryoffset\":\"42\","
            "\"hubferrylastattempt\":true,\"id\":\"1\",\"hubferryattempt\":9}\n]");
  for (const char* other : {"{}", "[1]", "{\"id\":", "1"}) {
    event::Record odd = sample();
    odd.headers.push_back({"content-type", "application/cloudevents+json"});
    odd.value = other;
    const std::string made = text_of(HttpFormat::kCloudEvents, std::move(odd));
    EXPECT_TRUE(json.valid(made)) << made;
    EXPECT_THAT(made, HasSubstr("\"id\":\"orders-3-42\"")) << other;
  }
}

TEST(BatchWriter, GivesDataTheFormOfItsContentType) {
  const auto data = [](std::string_view content_type, std::optional<std::string_view> value) {
    event::Record record = sample();
    record.value = value;
    if (!content_type.empty()) record.headers.push_back({"content-type", content_type});
    const std::string text = text_of(HttpFormat::kCloudEvents, std::move(record));
    const auto from = text.find("\"hubferryattempt\":1");
    return text.substr(from + 19, text.size() - 2 - from - 19);
  };
  EXPECT_EQ(data("", "not json"), ",\"datacontenttype\":\"application/octet-stream\",\"data_base64\":\"bm90IGpzb24=\"");
  EXPECT_EQ(data("text/plain", "1"), ",\"datacontenttype\":\"text/plain\",\"data\":\"1\"");
  EXPECT_EQ(data("text/plain", "\xff"), ",\"datacontenttype\":\"text/plain\",\"data_base64\":\"/w==\"");
  EXPECT_EQ(data("application/x+json; a=b", "1"), ",\"datacontenttype\":\"application/x+json; a=b\",\"data\":1");
  EXPECT_EQ(data("", std::nullopt), "");
  EXPECT_EQ(data("", ""), ",\"datacontenttype\":\"application/octet-stream\",\"data_base64\":\"\"");
}

}  // namespace
}  // namespace hubferry::deliver

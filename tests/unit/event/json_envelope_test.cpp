// CloudEvents in JSON and Event Hubs' batch type.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "event/json_event.h"

namespace hubferry::event {
namespace {

// Examples of the JSON event format 1.0.2, section 3.2.
const std::string kWithBinary = R"({
    "specversion" : "1.0",
    "type" : "com.example.someevent",
    "source" : "/mycontext",
    "id" : "A234-1234-1234",
    "time" : "2018-04-05T17:31:00Z",
    "comexampleextension1" : "value",
    "comexampleothervalue" : 5,
    "datacontenttype" : "application/vnd.apache.thrift.binary",
    "data_base64" : "... base64 encoded string ..."
})";
const std::string kWithXml = R"({
    "specversion" : "1.0",
    "type" : "com.example.someevent",
    "source" : "/mycontext",
    "id" : "B234-1234-1234",
    "time" : "2018-04-05T17:31:00Z",
    "comexampleextension1" : "value",
    "comexampleothervalue" : 5,
    "unsetextension": null,
    "datacontenttype" : "application/xml",
    "data" : "<much wow=\"xml\"/>"
})";
const std::string kWithObject = R"({
    "specversion" : "1.0",
    "type" : "com.example.someevent",
    "source" : "/mycontext",
    "subject": null,
    "id" : "C234-1234-1234",
    "datacontenttype" : "application/json",
    "data" : { "appinfoA" : "abc", "appinfoB" : 123, "appinfoC" : true }
})";
const std::string kWithNumber =
    R"({"specversion":"1.0","type":"com.example.someevent","source":"/mycontext","id":"C234","data":1.5})";
const std::string kWithString =
    R"({"specversion":"1.0","type":"com.example.someevent","source":"/mycontext","id":"D234","data":"I'm just a string"})";
const std::string kWithoutType =
    R"({"specversion":"1.0","type":"com.example.someevent","source":"/mycontext","id":"D234","data_base64":"eyAieHl6IjogMTIzIH0="})";
const std::string kWithoutData = R"({"specversion":"1.0","type":"t","source":"/s","id":"i"})";

class JsonEnvelope : public testing::Test {
 protected:
  std::string_view padded(std::string json) {
    json_ = std::move(json);
    json_.reserve(json_.size() + JsonEvents::kPadding);
    return json_;
  }
  std::string error(const std::string& event) {
    const auto checked = events_.check_cloud_event(padded(event), "");
    return checked ? "" : checked.error().message;
  }
  std::string hub_error(const std::string& batch) {
    const auto checked = events_.check_hub_messages(padded(batch));
    return checked ? "" : checked.error().message;
  }

  JsonEvents events_;
  std::string json_;
};

TEST_F(JsonEnvelope, TakesTheExamplesOfTheSpecification) {
  for (const auto& event : {kWithBinary, kWithXml, kWithObject, kWithNumber, kWithString, kWithoutType, kWithoutData}) {
    const auto checked = events_.check_cloud_event(padded(event), "");
    ASSERT_TRUE(checked) << checked.error().message << event;
    EXPECT_EQ(checked->json, event);
    EXPECT_EQ(checked->partition_key, std::nullopt);
  }
}

TEST_F(JsonEnvelope, RefusesWhatIsNoCloudEvent) {
  const struct {
    const char* json;
    const char* why;
  } cases[] = {
      {"[]", "JSON object"},
      {"{", "not valid JSON"},
      {R"({"type":"t","source":"/s","id":"i"})", "\"specversion\" is missing"},
      {R"({"specversion":"1.0","source":"/s","id":"i"})", "\"type\" is missing"},
      {R"({"specversion":"1.0","type":"t","id":"i"})", "\"source\" is missing"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":null})", "\"id\" is missing"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":""})", "\"id\" is not a string that says something"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":7})", "\"id\" is not a string"},
      {R"({"specversion":"0.3","type":"t","source":"/s","id":"i"})", "only \"1.0\""},
      {R"({"specversion":1.0,"type":"t","source":"/s","id":"i"})", "\"specversion\" is not a string"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":"i","Extension":1})", "\"Extension\" does not name"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":"i","a_b":1})", "\"a_b\" does not name"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":"i","e":{}})", "\"e\" is an object or array"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":"i","e":[1]})", "\"e\" is an object or array"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":"i","data_base64":1})", "not a string"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":"i","data":1,"data_base64":"YQ=="})", "both"},
      {R"({"specversion":"1.0","type":"t","source":"/s","id":"i","partitionkey":1})", "\"partitionkey\""},
  };
  for (const auto& c : cases)
    EXPECT_NE(error(c.json).find(c.why), std::string::npos) << c.json << ": " << error(c.json);
}

TEST_F(JsonEnvelope, PrefersThePartitionKeyToThePointer) {
  const std::string without = R"({"specversion":"1.0","type":"t","source":"/s","id":"i","data":{"k":7}})";
  const std::string with =
      R"({"specversion":"1.0","type":"t","source":"/s","id":"i","partitionkey":"p","data":{"k":7}})";
  EXPECT_EQ(events_.check_cloud_event(padded(with), "/data/k")->partition_key, "p");
  EXPECT_EQ(events_.check_cloud_event(padded(without), "/data/k")->partition_key, "7");
  EXPECT_FALSE(events_.check_cloud_event(padded(without), "/data/none"));
}

TEST_F(JsonEnvelope, CutsABatchIntoTheBytesOfItsEvents) {
  const std::string batch = " [\n  " + kWithBinary + " ,\r\n" + kWithObject + "," + kWithXml + "\n] ";
  const auto events = events_.check_cloud_events(padded(batch), "");
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 3U);
  EXPECT_EQ((*events)[0].json, kWithBinary);
  EXPECT_EQ((*events)[1].json, kWithObject);
  EXPECT_EQ((*events)[2].json, kWithXml);
  EXPECT_EQ(events_.check_cloud_events(padded("[]"), "")->size(), 0U);
}

TEST_F(JsonEnvelope, NamesTheBadEventOfABatch) {
  const auto bad = events_.check_cloud_events(padded("[" + kWithObject + ",{\"id\":\"x\"}]"), "");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("event 2 of the batch"), std::string::npos) << bad.error().message;
  const auto keyless =
      events_.check_cloud_events(padded("[" + kWithObject + "," + kWithNumber + "]"), "/data/appinfoA");
  ASSERT_FALSE(keyless);
  EXPECT_NE(keyless.error().message.find("event 2"), std::string::npos) << keyless.error().message;
  EXPECT_FALSE(events_.check_cloud_events(padded(kWithObject), ""));
}

// The examples of "Send batch events" of the Event Hubs REST reference.
TEST_F(JsonEnvelope, ReadsTheBatchTypeOfEventHubs) {
  const auto messages = events_.check_hub_messages(padded(
      R"([{"Body":"Message1", "UserProperties":{"Alert":"Strong Wind","Level":5,"Hot":true,"None":null}},)"
      R"({"Body":"Message\u00322","BrokerProperties":{"PartitionKey":"k","CorrelationId":"32119834"}},)"
      R"({"Body":"AP9h","IsBodyBase64":true,"UserProperties":null,"BrokerProperties":{}},{"Body":"","Other":[1]}])"));
  ASSERT_TRUE(messages) << messages.error().message;
  ASSERT_EQ(messages->size(), 4U);
  const auto& first = (*messages)[0];
  EXPECT_EQ(first.body, "Message1");
  EXPECT_EQ(first.partition_key, std::nullopt);
  ASSERT_EQ(first.properties.size(), 4U);
  EXPECT_EQ(first.properties[0].name, "Alert");
  EXPECT_EQ(first.properties[0].value, "Strong Wind");
  EXPECT_EQ(first.properties[1].value, "5");
  EXPECT_EQ(first.properties[2].value, "true");
  EXPECT_EQ(first.properties[3].value, std::nullopt);
  EXPECT_EQ((*messages)[1].body, "Message22");
  EXPECT_EQ((*messages)[1].partition_key, "k");
  EXPECT_TRUE((*messages)[1].properties.empty());
  EXPECT_EQ((*messages)[2].body, std::string_view("\0\xff"
                                                  "a",
                                                  3));
  EXPECT_EQ((*messages)[3].body, "");
}

TEST_F(JsonEnvelope, NamesTheBadMessage) {
  const struct {
    const char* json;
    const char* why;
  } cases[] = {
      {"{}", "JSON array"},
      {"[", "not valid JSON"},
      {"[1]", "event 1 of the batch: it is not a JSON object"},
      {R"([{"Body":"a"},{}])", "event 2 of the batch: \"Body\" is missing"},
      {R"([{"Body":{}}])", "\"Body\" is missing or not a string"},
      {R"([{"Body":"a","UserProperties":{"x":[]}}])", "UserProperties.x"},
      {R"([{"Body":"a","UserProperties":1}])", "UserProperties is not"},
      {R"([{"Body":"a","BrokerProperties":"x"}])", "BrokerProperties is not"},
      {R"([{"Body":"a","BrokerProperties":{"PartitionKey":1}}])", "PartitionKey is not a string"},
      {R"([{"Body":"a","IsBodyBase64":1}])", "not a boolean"},
      {R"([{"Body":"a","IsBodyBase64":true}])", "not base64"},
      {R"([{"Body":"a===","IsBodyBase64":true}])", "not base64"},
  };
  for (const auto& c : cases) {
    EXPECT_NE(hub_error(c.json).find(c.why), std::string::npos) << c.json << ": " << hub_error(c.json);
  }
}

TEST_F(JsonEnvelope, ReadsBrokerProperties) {
  EXPECT_EQ(events_.broker_partition_key(R"({"PartitionKey": "32119834-65f3"})"), "32119834-65f3");
  EXPECT_EQ(events_.broker_partition_key(R"({"Label":"x","PartitionKey":null})"), std::nullopt);
  for (const char* bad : {"", "{", "[]", "\"x\"", R"({"PartitionKey":5})", R"({"CorrelationId","3"})"}) {
    const auto key = events_.broker_partition_key(bad);
    ASSERT_FALSE(key) << bad;
    EXPECT_NE(key.error().message.find("BrokerProperties"), std::string::npos);
  }
}

TEST_F(JsonEnvelope, SurvivesRandomDamage) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good = "[" + kWithObject + "," + kWithoutType + R"(,{"Body":"YQ==","IsBodyBase64":true}])";
  const std::string alphabet = "{}[]\",: 1n\\\xff";
  for (int round = 0; round < 3'000; ++round) {
    std::string json = good;
    for (auto i = random() % 3; i > 0; --i) json[random() % json.size()] = alphabet[random() % alphabet.size()];
    if (const auto events = events_.check_cloud_events(padded(json), ""); events) {
      for (const auto& event : *events) EXPECT_TRUE(event.json.starts_with('{') && event.json.ends_with('}'));
    }
    (void)events_.check_hub_messages(padded(json));
  }
}

}  // namespace
}  // namespace hubferry::event

#include "ingest/decode.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "ingest/idempotency_note.h"
#include "unit/ingest/events_of.h"

namespace hubferry::ingest {
namespace {

using test::Event;

class Decode : public testing::Test {
 protected:
  auto decode(std::string body) {
    body_ = std::move(body);
    body_.reserve(body_.size() + event::JsonEvents::kPadding);
    input_.body = body_;
    return decode_events(input_, json_);
  }

  std::vector<Event> events(const std::string& body) {
    auto batch = decode(body);
    EXPECT_TRUE(batch) << batch.error().detail;
    return batch ? test::events_of(*batch) : std::vector<Event>();
  }

  auto decode_hub(std::string body, std::optional<std::string_view> broker_properties = std::nullopt) {
    body_ = std::move(body);
    body_.reserve(body_.size() + event::JsonEvents::kPadding);
    input_.body = body_;
    return decode_hub_messages(input_, broker_properties, json_);
  }

  std::vector<Event> hub_events(const std::string& body, std::optional<std::string_view> properties = std::nullopt) {
    auto batch = decode_hub(body, properties);
    EXPECT_TRUE(batch) << batch.error().detail;
    return batch ? test::events_of(*batch) : std::vector<Event>();
  }

  Refusal refusal(const std::string& body) {
    auto batch = decode(body);
    EXPECT_FALSE(batch);
    return batch ? Refusal{0, ""} : batch.error();
  }

  std::string body_;
  DecodeInput input_{.body = {},
                     .content_type = "application/x-ndjson",
                     .key = std::nullopt,
                     .key_pointer = {},
                     .max_event_bytes = 100,
                     .max_batch_events = 4};
  event::JsonEvents json_;
};

TEST_F(Decode, KeepsTheBytesOfEachLine) {
  const auto found = events("{ \"a\" : 1 }\n\r\n[2]\r\n\"x\"");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].value, "{ \"a\" : 1 }");
  EXPECT_EQ(found[1].value, "[2]");
  EXPECT_EQ(found[2].value, "\"x\"");
  EXPECT_FALSE(found[0].key);
}

TEST_F(Decode, TakesTheKeyFromThePointerUnlessTheHeaderGivesOne) {
  input_.key_pointer = "/id";
  EXPECT_EQ(events("{\"id\":\"k1\"}")[0].key, "k1");
  input_.key = "header";
  EXPECT_EQ(events("{\"id\":\"k1\"}\n{}")[1].key, "header");
}

TEST_F(Decode, NamesTheBadLineAndAcceptsNothing) {
  const Refusal bad = refusal("{}\n\n{\"a\":}\n{}");
  EXPECT_EQ(bad.status, 400);
  EXPECT_NE(bad.detail.find("Line 3"), std::string::npos) << bad.detail;
  input_.key_pointer = "/id";
  EXPECT_NE(refusal("{\"id\":1}\n{}").detail.find("Line 2"), std::string::npos);
}

TEST_F(Decode, RefusesEmptyBodies) {
  EXPECT_EQ(refusal("").status, 400);
  EXPECT_EQ(refusal("\n\r\n\n").status, 400);
  input_.content_type = "";
  EXPECT_EQ(refusal("").status, 400);
}

TEST_F(Decode, RefusesEventsAndBatchesOverTheLimits) {
  EXPECT_EQ(refusal("\"" + std::string(99, 'x') + "\"").status, 413);
  EXPECT_EQ(events("\"" + std::string(98, 'x') + "\"").size(), 1U);
  input_.key = "k";
  EXPECT_EQ(refusal("\"" + std::string(98, 'x') + "\"").status, 413);
  EXPECT_EQ(events("1\n2\n3\n4\n").size(), 4U);
  EXPECT_EQ(refusal("1\n2\n3\n4\n5").status, 413);
}

TEST_F(Decode, ChecksOneJsonEventWhateverItsJsonType) {
  for (const char* type : {"", "application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"}) {
    input_.content_type = type;
    EXPECT_EQ(events("{\n\"a\":1}")[0].value, "{\n\"a\":1}") << type;
    EXPECT_TRUE(events("{}")[0].headers.empty());
    EXPECT_EQ(refusal("{}{}").status, 400) << type;
  }
}

TEST_F(Decode, StoresOtherTypesAsTheyAreWithTheirType) {
  input_.content_type = "text/plain; charset=utf-8";
  const auto found = events("not json \xff");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].value, "not json \xff");
  EXPECT_EQ(found[0].headers, std::vector<std::string>{"content-type=text/plain; charset=utf-8"});
}

// Kafka binding of CloudEvents 1.0.2, section 3.3.4.
const std::string kCloudEvent =
    R"({"specversion" : "1.0", "type" : "t", "source" : "/s", "id" : "1", "data" : {"k":"x"}})";
const std::string kKeyedCloudEvent = R"({"specversion":"1.0","type":"t","source":"/s","id":"2","partitionkey":"p"})";
const std::string kStructuredType = "content-type=application/cloudevents+json; charset=UTF-8";

TEST_F(Decode, StoresAStructuredCloudEventByteByByte) {
  input_.max_event_bytes = 1000;
  for (const char* type : {"application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8"}) {
    input_.content_type = type;
    const auto found = events(kCloudEvent);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].value, kCloudEvent);
    EXPECT_EQ(found[0].headers, std::vector<std::string>{kStructuredType});
    EXPECT_FALSE(found[0].key);
    EXPECT_EQ(events(kKeyedCloudEvent)[0].key, "p");
    EXPECT_EQ(refusal("{}").status, 400);
    EXPECT_EQ(refusal("").status, 400);
  }
  input_.key_pointer = "/data/k";
  EXPECT_EQ(events(kCloudEvent)[0].key, "x");
  EXPECT_EQ(events(kKeyedCloudEvent)[0].key, "p");
  input_.key = "header";
  EXPECT_EQ(events(kKeyedCloudEvent)[0].key, "header");
}

TEST_F(Decode, MakesAnEventOfEachElementOfACloudEventBatch) {
  input_.max_event_bytes = 1000;
  input_.content_type = "application/cloudevents-batch+json; charset=utf-8";
  const auto found = events("[" + kCloudEvent + " ,\n " + kKeyedCloudEvent + "]");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].value, kCloudEvent);
  EXPECT_EQ(found[1].value, kKeyedCloudEvent);
  EXPECT_EQ(found[1].key, "p");
  EXPECT_EQ(found[1].headers, std::vector<std::string>{kStructuredType});
  EXPECT_EQ(refusal("[]").status, 400);
  EXPECT_NE(refusal("[]").detail.find("empty"), std::string::npos);
  EXPECT_NE(refusal("[" + kCloudEvent + ",{}]").detail.find("event 2"), std::string::npos);
  const std::string five = kCloudEvent + "," + kCloudEvent + "," + kCloudEvent + "," + kCloudEvent;
  EXPECT_EQ(events("[" + five + "]").size(), 4U);
  EXPECT_EQ(refusal("[" + five + "," + kCloudEvent + "]").status, 413);
  input_.max_event_bytes = kCloudEvent.size() + kStructuredType.size() - 1;
  EXPECT_EQ(events("[" + kCloudEvent + "]").size(), 1U);
  --input_.max_event_bytes;
  EXPECT_NE(refusal("[" + kCloudEvent + "]").detail.find("Event 1"), std::string::npos);
}

TEST_F(Decode, RefusesCloudEventBatchesOfOtherFormats) {
  input_.content_type = "application/cloudevents-batch+protobuf";
  EXPECT_EQ(refusal("x").status, 415);
  input_.content_type = "application/cloudevents+avro";  // may be forwarded as it is
  EXPECT_EQ(events("x")[0].headers, std::vector<std::string>{"content-type=application/cloudevents+avro"});
}

TEST_F(Decode, GivesABinaryCloudEventItsHeadersAndItsType) {
  const std::vector<event::Header> attributes = {{"ce_id", "1"}, {"ce_type", "t"}};
  input_.cloud_event = attributes;
  input_.content_type = "application/json; charset=utf-8";
  auto found = events("{\"a\":1}");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].value, "{\"a\":1}");
  EXPECT_EQ(found[0].headers,
            (std::vector<std::string>{"ce_id=1", "ce_type=t", "content-type=application/json; charset=utf-8"}));
  EXPECT_EQ(refusal("{").status, 400);
  EXPECT_EQ(events("")[0].value, "") << "an event may have no data";
  input_.content_type = "application/x-ndjson";
  EXPECT_EQ(events("1\n2\n")[0].value, "1\n2\n") << "the whole body is the data of one event";
  input_.content_type = "";
  EXPECT_EQ(events("not json")[0].headers, (std::vector<std::string>{"ce_id=1", "ce_type=t"}));
}

TEST_F(Decode, PrefersHeaderToPartitionKeyToPointerInABinaryCloudEvent) {
  const std::vector<event::Header> attributes = {{"ce_id", "1"}};
  input_.cloud_event = attributes;
  input_.content_type = "application/json";
  input_.key_pointer = "/id";
  EXPECT_EQ(events("{\"id\":\"pointer\"}")[0].key, "pointer");
  EXPECT_EQ(refusal("{}").status, 400);
  input_.cloud_event_key = "attribute";
  EXPECT_EQ(events("{}")[0].key, "attribute");
  input_.key = "header";
  EXPECT_EQ(events("{}")[0].key, "header");
}

TEST_F(Decode, GivesEveryEventTheRequestsHeadersAndPartition) {
  const std::vector<event::Header> headers = {{"tenant", "a"}, {"empty", ""}};
  input_.headers = headers;
  input_.partition = 3;
  input_.key = "k";
  for (const Event& event : events("1\n2\n")) {
    EXPECT_EQ(event.headers, (std::vector<std::string>{"tenant=a", "empty="}));
    EXPECT_EQ(event.partition, 3);
    EXPECT_EQ(event.key, "k");
  }
}

TEST_F(Decode, StripsHfWhateverWayItComes) {
  const std::vector<event::Header> headers = {{"hf", "01234567890123456789"}, {"HF", "x"}, {"hf-origin", "kept"}};
  input_.headers = headers;
  const std::vector<std::string> kept = {"hf-origin=kept"};
  EXPECT_EQ(events("1")[0].headers, kept);
  input_.headers = {};
  input_.properties = headers;
  input_.content_type = "";
  EXPECT_EQ(hub_events("x")[0].headers, kept);
  input_.content_type = "application/vnd.microsoft.servicebus.json";
  EXPECT_EQ(hub_events(R"([{"Body":"x","UserProperties":{"hf":"y","Hf":1,"hf-origin":"kept"}}])")[0].headers, kept);
  input_.cloud_event = headers;
  input_.content_type = "";
  EXPECT_EQ(events("x")[0].headers, kept);
}

TEST_F(Decode, TakesAnEventHubsBodyAsItIs) {
  input_.content_type = "application/atom+xml;type=entry;charset=utf-8";
  const std::vector<event::Header> properties = {{"Alert", "Strong Wind"}};
  input_.properties = properties;
  const auto found = hub_events("{ \"DeviceId\":\"dev-01\" \xff");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].value, "{ \"DeviceId\":\"dev-01\" \xff");
  EXPECT_EQ(found[0].headers, (std::vector<std::string>{"Alert=Strong Wind",
                                                        "content-type=application/atom+xml;type=entry;charset=utf-8"}));
  EXPECT_FALSE(found[0].key);
  EXPECT_EQ(hub_events("x", R"({"PartitionKey":"p"})")[0].key, "p");
  EXPECT_EQ(decode_hub("x", "{").error().status, 400);
  input_.content_type = "";
  EXPECT_EQ(hub_events("")[0].value, "");
}

TEST_F(Decode, LooksIntoAnEventHubsBodyOnlyForAPointerIntoJson) {
  input_.content_type = "application/json";
  EXPECT_EQ(hub_events("not json")[0].value, "not json");
  input_.key_pointer = "/id";
  EXPECT_EQ(hub_events("{\"id\":\"k\"}")[0].key, "k");
  EXPECT_EQ(decode_hub("not json").error().status, 400);
  EXPECT_EQ(hub_events("not json", R"({"PartitionKey":"p"})")[0].key, "p");
  input_.content_type = "text/plain";
  EXPECT_FALSE(hub_events("not json")[0].key);
}

TEST_F(Decode, MakesAnEventOfEachElementOfAnEventHubsBatch) {
  input_.content_type = "application/vnd.microsoft.servicebus.json";
  const auto found =
      hub_events(R"([{"Body":"Message1","UserProperties":{"Alert":"Strong Wind","N":1}},{"Body":"Message2"},)"
                 R"({"Body":"3","BrokerProperties":{"PartitionKey":"k"}}])",
                 "{ ignored for a batch");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].value, "Message1");
  EXPECT_EQ(found[0].headers, (std::vector<std::string>{"Alert=Strong Wind", "N=1"}));
  EXPECT_EQ(found[1].value, "Message2");
  EXPECT_TRUE(found[1].headers.empty()) << "the properties of the event before";
  EXPECT_EQ(found[2].key, "k");
  EXPECT_EQ(decode_hub("[]").error().status, 400);
  EXPECT_EQ(decode_hub("[1]").error().status, 400);
  EXPECT_EQ(decode_hub(R"([{"Body":"1"},{"Body":"2"},{"Body":"3"},{"Body":"4"},{"Body":"5"}])").error().status, 413);
  const std::string huge = R"([{"Body":"x","UserProperties":{")" + std::string(70'000, 'n') + R"(":1}}])";
  input_.max_event_bytes = 1'000'000;
  EXPECT_EQ(decode_hub(huge).error().status, 413) << "a frame cannot hold such a name";
}

TEST_F(Decode, PutsTheNoteIntoTheFirstEventOnly) {
  input_.identity = DecodeInput::Identity{{1, 2}, {3, 4}};
  const auto batch = decode("1\n\n2\r\n\r\n3");
  ASSERT_TRUE(batch);
  const auto found = test::events_of(*batch);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].note, batch->note());
  EXPECT_EQ(found[1].note + found[2].note, "");
  const auto note = decode_note(batch->note());
  ASSERT_TRUE(note);
  EXPECT_EQ(note->key, (Fingerprint{1, 2}));
  EXPECT_EQ(note->content, (Fingerprint{3, 4}));
  EXPECT_EQ(note->count, 3U);
  input_.identity.reset();
  EXPECT_EQ(decode("1")->note(), "");
  EXPECT_EQ(events("1")[0].note, "");
}

TEST_F(Decode, SurvivesRandomLines) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string alphabet = "{}[]\",:\n\r 1aetrufalsn\\\xff";
  for (int round = 0; round < 5'000; ++round) {
    std::string body(random() % 60, ' ');
    for (char& c : body) c = alphabet[random() % alphabet.size()];
    const auto batch = decode(body);
    if (batch) {
      EXPECT_GE(batch->count(), 1U);
      EXPECT_LE(batch->count(), input_.max_batch_events);
    } else {
      EXPECT_FALSE(batch.error().detail.empty());
    }
  }
}

}  // namespace
}  // namespace hubferry::ingest

#include "ingest/decode.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "event/frame.h"
#include "spool/block.h"

namespace hubferry::ingest {
namespace {

struct Event {
  std::optional<std::string> key;
  std::string value;
  std::vector<std::string> headers;
};

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
    std::vector<Event> found;
    if (!batch) return found;
    const spool::Block block(1, 0, 1, batch->count(), 0, nullptr, batch->bytes());
    event::OutboundEvent outbound;
    for (spool::RecordCursor cursor(block); !cursor.done(); cursor.advance()) {
      EXPECT_TRUE(event::decode_frame(cursor.record(), outbound));
      Event& event = found.emplace_back();
      if (outbound.key) event.key = std::string(*outbound.key);
      event.value = outbound.value;
      for (const auto& h : outbound.headers) event.headers.push_back(std::string(h.name) + "=" + std::string(*h.value));
    }
    return found;
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
  for (const char* type : {"", "application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json"}) {
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

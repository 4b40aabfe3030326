#include "deliver/dead_letter_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deliver/forward.h"
#include "deliver/utf8.h"
#include "event/origin.h"

namespace hubferry::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Named = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<event::Record> sample() {
  auto record = std::make_shared<event::Record>();
  record->topic = "orders";
  record->partition = 3;
  record->offset = 42;
  record->timestamp_ms = 1'700'000'000'000;
  record->key = "k";
  record->value = "v";
  return record;
}

Named named(const std::vector<event::Header>& headers) {
  Named list;
  for (const event::Header& header : headers) {
    list.emplace_back(header.name, header.value ? std::string(*header.value) : "(none)");
  }
  return list;
}

TEST(Forward, KeepsHeadersAndTakesTheMeaningFromTheOrigin) {
  auto record = sample();
  record->headers = {{"a", "1"}, {event::kOriginHeader, "o"}, {"a", std::nullopt}};
  EXPECT_THAT(named(forward({}, record, 0).headers),
              ElementsAre(Pair("a", "1"), Pair("hf-origin", "o"), Pair("a", "(none)")));
}

TEST(Forward, KeepsTheFirstOriginOfAnEventThatIsForwardedAgain) {
  auto record = sample();
  record->headers = {{event::kOriginHeader, "second"}, {event::kForwardedOriginHeader, "first"}};
  EXPECT_THAT(named(forward({}, record, 0).headers), ElementsAre(Pair("hf-origin", "first")));
  record->headers = {{event::kOriginHeader, "one"}, {event::kOriginHeader, "two"}};
  EXPECT_THAT(named(forward({}, record, 0).headers), ElementsAre(Pair("hf-origin", "one")));
}

TEST(DeadLetterEvent, SaysWhereItComesFromAndWhyItFailed) {
  auto record = sample();
  record->headers = {{"a", "1"}};
  const Outgoing outgoing = dead_letter_event({{3, 1, 42}, record, "no such customer", 4}, "billing", "g", 1234, 9);
  EXPECT_EQ(outgoing.id, (WorkId{3, 1, 42}));
  EXPECT_EQ(outgoing.record, record);
  EXPECT_EQ(outgoing.spread, 9U);
  EXPECT_THAT(named(outgoing.headers),
              ElementsAre(Pair("a", "1"), Pair("hf-dead-reason", "no such customer"), Pair("hf-dead-attempts", "4"),
                          Pair("hf-dead-route", "billing"), Pair("hf-dead-group", "g"), Pair("hf-dead-topic", "orders"),
                          Pair("hf-dead-partition", "3"), Pair("hf-dead-offset", "42"),
                          Pair("hf-dead-timestamp", "1700000000000"), Pair("hf-dead-time", "1234")));
}

TEST(DeadLetterEvent, ReplacesWhatAnEarlierDeadLetterSaidButKeepsTheCountOfReplays) {
  auto record = sample();
  record->headers = {{kDeadReason, "old"}, {"hf-dead-unknown", "old"}, {kReplays, "2"}, {event::kOriginHeader, "o"}};
  const Named headers = named(dead_letter_event({{}, record, "new", 1}, "r", "g", 1, 0).headers);
  EXPECT_EQ(headers.size(), 2U + 9U);
  EXPECT_THAT(headers[0], Pair("hf-replays", "2"));
  EXPECT_THAT(headers[1], Pair("hf-origin", "o"));
  EXPECT_THAT(headers[2], Pair("hf-dead-reason", "new"));
}

TEST(DeadLetterEvent, StaysValidWhenItIsMoved) {
  std::vector<Outgoing> moved;
  for (int i = 0; i < 20; ++i) moved.push_back(dead_letter_event({{}, sample(), "x", 1}, "r", "g", 1, 0));
  for (const Outgoing& outgoing : moved) EXPECT_THAT(named(outgoing.headers)[0], Pair("hf-dead-reason", "x"));
}

TEST(Utf8Front, CutsBetweenCharactersAndReplacesWhatIsNone) {
  EXPECT_EQ(utf8_front("äöü", 5), "äö");
  EXPECT_EQ(utf8_front("abc", 500), "abc");
  EXPECT_EQ(utf8_front("a\xff"
                       "b",
                       500),
            "a?b");
  EXPECT_EQ(utf8_front("\xc3", 500), "?");
  EXPECT_EQ(utf8_front("\xed\xa0\x80", 500), "???") << "a surrogate";
  EXPECT_EQ(utf8_front("\xc0\xaf", 500), "??") << "overlong";
  EXPECT_EQ(utf8_front("\xf0\x9f\x98\x80", 4), "\xf0\x9f\x98\x80");
  EXPECT_EQ(utf8_front("\xf0\x9f\x98\x80", 3), "");
  EXPECT_EQ(utf8_front("\xf5\x80\x80\x80", 500), "????") << "above U+10FFFF";
}

}  // namespace
}  // namespace hubferry::deliver

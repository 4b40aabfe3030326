#include "ctl/replay_plan.h"

#include <gmock/gmock.h>

#include "ctl/key_effect.h"
#include "event/partitioner.h"

namespace hubferry::ctl {
namespace {

using ::testing::ElementsAre;

event::Record letter(std::vector<event::Header> headers = {}) {
  event::Record record;
  record.topic = "orders-dead";
  record.key = "k1";
  record.value = "v";
  record.timestamp_ms = 5'000;
  record.headers = {{"hf-dead-route", "billing"}, {"hf-dead-topic", "orders"}, {"hf-dead-reason", "Answer 500"},
                    {"hf-dead-time", "2000"},     {"hf-dead-partition", "3"},  {"hf-dead-offset", "41"},
                    {"hf-dead-attempts", "3"},    {"hf-dead-group", "g"},      {"hf-dead-timestamp", "1000"}};
  record.headers.insert(record.headers.end(), headers.begin(), headers.end());
  return record;
}

std::vector<std::string> texts(const std::vector<event::Header>& headers) {
  std::vector<std::string> all;
  for (const auto& header : headers)
    all.push_back(std::string(header.name) + '=' + std::string(header.value.value_or("(none)")));
  return all;
}

ReplayRules rules_with(const std::string& reason) {
  ReplayRules rules;
  rules.filter.route = "billing";
  rules.filter.reason = reason;
  return rules;
}

ReplayFate fate(const event::Record& record, const ReplayRules& rules) {
  return fate_of(record, read_dead_letter(record), rules);
}

TEST(DeadLetterInfo, SaysWhatTheHeadersSay) {
  const event::Record record = letter({{"hf-replays", "2"}});
  const auto info = read_dead_letter(record);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->route, "billing");
  EXPECT_EQ(info->group, "g");
  EXPECT_EQ(info->reason, "Answer 500");
  EXPECT_EQ(info->attempts, 3U);
  EXPECT_EQ(info->topic, "orders");
  EXPECT_EQ(info->partition, 3);
  EXPECT_EQ(info->offset, 41);
  EXPECT_EQ(info->timestamp_ms, 1'000);
  EXPECT_EQ(info->time_ms, 2'000);
  EXPECT_EQ(info->replays, 2U);
}

TEST(DeadLetterInfo, DoesNotTrustWhatIsNoNumber) {
  event::Record record;
  record.timestamp_ms = 5'000;
  record.headers = {{"hf-dead-route", "billing"}, {"hf-dead-topic", "orders"},      {"hf-dead-attempts", "-4"},
                    {"hf-dead-time", "soon"},     {"hf-replays", "99999999999999"}, {"hf-dead-offset", std::nullopt}};
  const auto info = read_dead_letter(record);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->attempts, 0U);
  EXPECT_EQ(info->replays, 0U);
  EXPECT_EQ(info->offset, -1);
  EXPECT_EQ(info->time_ms, 5'000) << "the record's own";
  record.headers.pop_back();
  record.headers.erase(record.headers.begin());
  EXPECT_FALSE(read_dead_letter(record)) << "it does not say its route";
}

TEST(DeadLetterFilter, EachPartNarrows) {
  const event::Record record = letter();
  const auto info = read_dead_letter(record).value();
  DeadLetterFilter filter{.route = "billing", .reason = {}, .key = {}, .since = {}, .until = {}};
  EXPECT_TRUE(filter.matches(record, info));
  EXPECT_FALSE(filter.narrow());
  filter.reason = "answer 5";
  EXPECT_TRUE(filter.matches(record, info)) << "capitals do not matter";
  filter.reason = "timeout";
  EXPECT_FALSE(filter.matches(record, info));
  filter.reason.clear();
  filter.key = "k1";
  EXPECT_TRUE(filter.matches(record, info));
  filter.key = "k";
  EXPECT_FALSE(filter.matches(record, info));
  filter.key.reset();
  filter.since = 2'000;
  filter.until = 2'001;
  EXPECT_TRUE(filter.matches(record, info));
  EXPECT_TRUE(filter.narrow());
  filter.until = 2'000;
  EXPECT_FALSE(filter.matches(record, info)) << "until is not included";
  filter = {.route = "mailing", .reason = {}, .key = {}, .since = {}, .until = {}};
  EXPECT_FALSE(filter.matches(record, info));
}

TEST(ReplayPlan, LeavesWhatIsNotMeant) {
  EXPECT_EQ(fate(letter(), rules_with("")), ReplayFate::kReplay);
  EXPECT_EQ(fate(letter(), rules_with("timeout")), ReplayFate::kPassedOver);
  EXPECT_EQ(fate(letter({{"hf-replays", "2"}}), rules_with("")), ReplayFate::kReplay);
  EXPECT_EQ(fate(letter({{"hf-replays", "3"}}), rules_with("")), ReplayFate::kTooOften);
  EXPECT_EQ(fate(event::Record(), rules_with("")), ReplayFate::kForeign);
  ReplayRules other = rules_with("");
  other.filter.route = "mailing";
  EXPECT_EQ(fate(letter(), other), ReplayFate::kForeign);
}

TEST(ReplayPlan, GivesTheEventItsOwnHeadersBack) {
  const auto record = letter({{"trace", "t"},
                              {"empty", std::nullopt},
                              {"hf-origin", "o"},
                              {"hf-replays", "1"},
                              {"hf-replayed-for", "billing"}});
  EXPECT_THAT(texts(replayed_headers(record, "2", "billing")),
              ElementsAre("trace=t", "empty=(none)", "hf-origin=o", "hf-replays=2", "hf-replayed-for=billing"));
}

TEST(ReplayPlan, NeverWritesAnOriginThatMeansAResend) {
  EXPECT_THAT(texts(replayed_headers(letter({{"hf", "x"}}), "1", "r")),
              ElementsAre("hf-origin=x", "hf-replays=1", "hf-replayed-for=r"));
  EXPECT_THAT(texts(replayed_headers(letter({{"hf", "x"}, {"hf-origin", "o"}}), "1", "r")),
              ElementsAre("hf-origin=o", "hf-replays=1", "hf-replayed-for=r"));
}

TEST(ReplayPlan, ChoosesThePartitionAsTheProduceRoadDoes) {
  event::Record record = letter();
  const auto info = read_dead_letter(record).value();
  using config::Partitioner;
  for (const std::int32_t count : {1, 4, 31}) {
    EXPECT_EQ(replay_partition(record, info, "orders", Partitioner::kMurmur2, count),
              event::murmur2_partition("k1", count));
    EXPECT_EQ(replay_partition(record, info, "orders", Partitioner::kConsistent, count),
              event::consistent_partition("k1", count));
  }
  record.key.reset();
  EXPECT_EQ(replay_partition(record, info, "orders", Partitioner::kMurmur2, 4), 3) << "where it was";
  record.offset = 6;
  EXPECT_EQ(replay_partition(record, info, "orders", Partitioner::kMurmur2, 3), 0) << "that is gone";
  EXPECT_EQ(replay_partition(record, info, "other", Partitioner::kMurmur2, 4), 2);
}

TEST(ReplayCounts, KeepsTheReasonsShort) {
  ReplayCounts counts;
  for (int i = 0; i < 100; ++i) {
    DeadLetterInfo info;
    info.reason = "reason " + std::to_string(i);
    counts.count(ReplayFate::kReplay, info);
  }
  counts.count(ReplayFate::kPassedOver, std::nullopt);
  EXPECT_EQ(counts.replayed, 100U);
  EXPECT_EQ(counts.passed_over, 1U);
  EXPECT_EQ(counts.reasons.size(), 21U);
  EXPECT_EQ(counts.reasons.at("(others)"), 80U);
}

// Of 8 to 12: a key stays if it lies in the same place modulo 8 and modulo 12, which is so for 8 of the 24 residues.
TEST(KeyEffect, IsWhatArithmeticSays) {
  using config::Partitioner;
  for (const auto partitioner : {Partitioner::kMurmur2, Partitioner::kConsistent}) {
    EXPECT_NEAR(key_effect(partitioner, 8, 16).percent(), 50.0, 1.0);
    EXPECT_NEAR(key_effect(partitioner, 8, 12).percent(), 100.0 * 16 / 24, 1.0);
    EXPECT_NEAR(key_effect(partitioner, 4, 5).percent(), 80.0, 1.0);
    EXPECT_EQ(key_effect(partitioner, 8, 8).moved, 0U);
  }
}

TEST(KeyEffect, ThePartitionerIsThatOfTheProduceRoute) {
  config::Settings settings;
  config::ProduceRoute route;
  route.topic = "orders";
  route.partitioner = config::Partitioner::kConsistent;
  settings.produce.push_back(route);
  EXPECT_EQ(partitioner_of(settings, "orders"), config::Partitioner::kConsistent);
  EXPECT_EQ(partitioner_of(settings, "other"), config::Partitioner::kMurmur2);
}

}  // namespace
}  // namespace hubferry::ctl

// dead-letter list, show and replay on a cluster in memory.
#include <gmock/gmock.h>
#include <signal.h>

#include "component/ctl/fake_cluster.h"
#include "event/partitioner.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kReplayGroup = "hubferry-replay.billing";

class DeadLetter : public FakeClusterTest {
 protected:
  DeadLetter() {
    cluster_.topic("orders", 4);
    cluster_.topic("orders-dead", 2);
  }

  void add(const std::string& key, const std::string& reason, int replays = 0, const std::string& route = "billing") {
    FakeCluster::Record record{.key = key, .value = "value " + std::to_string(++made_)};
    record.headers = {{"trace", "t"},
                      {"hf-dead-route", route},
                      {"hf-dead-topic", "orders"},
                      {"hf-dead-group", "g"},
                      {"hf-dead-partition", "2"},
                      {"hf-dead-offset", std::to_string(made_)},
                      {"hf-dead-reason", reason},
                      {"hf-dead-attempts", "3"},
                      {"hf-dead-time", "1795255200000"}};
    if (replays != 0) record.headers.emplace_back("hf-replays", std::to_string(replays));
    cluster_.append("orders-dead", event::murmur2_partition(key, 2), std::move(record));
  }
  Called replay(std::vector<std::string> options, const std::optional<std::string>& answer = std::nullopt) {
    options.insert(options.begin(), {"dead-letter", "replay"});
    return call(options, answer);
  }
  // The values that came back to the topic, by key.
  std::vector<std::string> replayed(const std::string& key, const std::string& topic = "orders") {
    std::vector<std::string> values;
    const auto count = static_cast<std::int32_t>(cluster_.topics.at(topic).partitions.size());
    for (const auto& record : cluster_.partition(topic, event::murmur2_partition(key, count)).records) {
      if (record.key == key) values.push_back(record.value.value_or("(none)"));
    }
    return values;
  }
  std::size_t total(const std::string& topic = "orders") {
    std::size_t count = 0;
    for (const auto& partition : cluster_.topics.at(topic).partitions) count += partition.records.size();
    return count;
  }

  // Another key than "a" in that partition of the dead-letter topic.
  static std::string key_in(std::int32_t partition) {
    std::string key = "k";
    while (event::murmur2_partition(key, 2) != partition) key += 'k';
    return key;
  }

  int made_ = 0;
};

TEST_F(DeadLetter, IsListed) {
  add("a", "answer 500");
  add("b", "timeout", 1);
  add("c", "timeout", 0, "mailing");
  cluster_.append("orders-dead", 0, {.key = "x", .value = "no dead letter"});
  const auto called = call({"dead-letter", "list"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_THAT(
      called.out,
      AllOf(HasSubstr("PARTITION  OFFSET  TIME                      ATTEMPTS  KEY  EVENT       REPLAYS  REASON\n"),
            HasSubstr("2026-11-21T10:00:00.000Z         3  a    orders/2@1        0  answer 500\n"),
            HasSubstr("3  b    orders/2@2        1  timeout\n"), Not(HasSubstr("  c  "))));
  const auto json = call({"dead-letter", "list", "--json", "--reason", "TIME"});
  EXPECT_EQ(json.out,
            "{\"dead_letter_partition\":" + std::to_string(event::murmur2_partition("b", 2)) +
                ",\"dead_letter_offset\":1,\"time\":\"2026-11-21T10:00:00.000Z\",\"route\":\"billing\",\"group\":\"g\","
                "\"reason\":\"timeout\",\"attempts\":3,\"replays\":1,\"replayed\":false,\"topic\":\"orders\","
                "\"partition\":2,\"offset\":2,\"key\":\"b\",\"headers\":[{\"name\":\"trace\",\"value\":\"t\"},"
                "{\"name\":\"hf-replays\",\"value\":\"1\"}],\"value_bytes\":7}\n");
}

TEST_F(DeadLetter, AListEndsAtItsLimitAndSaysSo) {
  for (int i = 0; i < 5; ++i) add("a", "r");
  const auto called = call({"dead-letter", "list", "--limit", "2"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_EQ(std::count(called.out.begin(), called.out.end(), '\n'), 3);
  EXPECT_THAT(called.error, HasSubstr("more than 2"));
  EXPECT_EQ(call({"dead-letter", "list", "--limit", "5"}).code, kSound);
  EXPECT_THAT(call({"dead-letter", "list", "--key", "b"}).error, HasSubstr("no such dead letters"));
}

TEST_F(DeadLetter, IsShownWithItsValue) {
  add("a", "answer 500");
  const std::string partition = std::to_string(event::murmur2_partition("a", 2));
  const auto called = call({"dead-letter", "show", "--partition", partition, "--offset", "0"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_EQ(called.out,
            "route     billing (group g)\nevent     orders/2@1\nreason    answer 500\nattempts  3\n"
            "time      2026-11-21T10:00:00.000Z\nreplays   0\nkey       a\nheader    trace: t\nvalue     7 bytes\n\n"
            "value 1\n");
  EXPECT_THAT(call({"dead-letter", "show", "--partition", partition, "--offset", "0", "--json"}).out,
              HasSubstr("\"value\":\"value 1\"}"));
  const auto missing = call({"dead-letter", "show", "--partition", partition, "--offset", "1"});
  EXPECT_EQ(missing.code, kUnusable);
  EXPECT_THAT(missing.error, HasSubstr("no record at partition " + partition + ", offset 1"));
  EXPECT_EQ(call({"dead-letter", "show", "--partition", "9", "--offset", "0"}).code, kUnusable);
}

TEST_F(DeadLetter, ARouteWithoutTheTopicIsToldHowToGetOne) {
  cluster_.topics.erase("orders-dead");
  EXPECT_THAT(call({"dead-letter", "list"}).error, HasSubstr("hubferryctl topics create --dead-letter"));
  configure("[consume.billing]\ntopic = orders\ngroup = g\nhandler = discard:\n");
  EXPECT_THAT(call({"dead-letter", "list"}).error, HasSubstr("consume.billing.dead-letter is not set"));
}

TEST_F(DeadLetter, ReplayBringsEventsBackInOrderAndOnlyOnce) {
  const std::string other = key_in(1 - event::murmur2_partition("a", 2));
  for (int i = 0; i < 10; ++i) add(i % 2 == 0 ? "a" : other, "answer 500", i == 4 ? 1 : 0);
  const auto called = replay({"--all", "--yes"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_THAT(called.out, HasSubstr("10 events replayed\n  10  answer 500\n"));
  EXPECT_THAT(replayed("a"), ElementsAre("value 1", "value 3", "value 5", "value 7", "value 9"));
  EXPECT_THAT(replayed(other), ElementsAre("value 2", "value 4", "value 6", "value 8", "value 10"));
  const auto& records = cluster_.partition("orders", event::murmur2_partition("a", 4)).records;
  const auto third = std::find_if(records.begin(), records.end(), [](const auto& r) { return r.value == "value 5"; });
  EXPECT_THAT(third->headers, ElementsAre(std::pair<std::string, std::string>{"trace", "t"},
                                          std::pair<std::string, std::string>{"hf-replays", "2"},
                                          std::pair<std::string, std::string>{"hf-replayed-for", "billing"}));
  const auto again = replay({"--all", "--yes"});
  EXPECT_EQ(again.code, kSound);
  EXPECT_THAT(again.out, HasSubstr("0 events replayed"));
  EXPECT_EQ(total(), 10U);
  EXPECT_THAT(call({"dead-letter", "list"}).out, HasSubstr("yes"));
  add("a", "again");
  EXPECT_THAT(replay({"--all", "--yes"}).out, HasSubstr("1 event replayed"));
  EXPECT_THAT(replay({"--all", "--yes", "--from-start"}).out, HasSubstr("11 events replayed"));
}

TEST_F(DeadLetter, ReplayOfSomeLeavesTheOthersForLater) {
  for (int i = 0; i < 6; ++i) add("a", i % 2 == 0 ? "timeout" : "answer 500");
  const auto some = replay({"--reason", "timeout", "--yes"});
  EXPECT_EQ(some.code, kSound);
  EXPECT_THAT(some.out, AllOf(HasSubstr("3 events replayed"), HasSubstr("3 dead letters do not match and wait")));
  EXPECT_THAT(replayed("a"), ElementsAre("value 1", "value 3", "value 5"));
  const auto rest = replay({"--all", "--yes"});
  EXPECT_THAT(rest.out, AllOf(HasSubstr("3 events replayed"), HasSubstr("2 events were replayed before")));
  EXPECT_THAT(replayed("a"), ElementsAre("value 1", "value 3", "value 5", "value 2", "value 4", "value 6"));
  EXPECT_EQ(cluster_.committed(kReplayGroup, "orders-dead", event::murmur2_partition("a", 2)), 6);
}

TEST_F(DeadLetter, ReplayEndsLoops) {
  add("a", "r", 2);
  add("a", "r", 3);
  const auto called = replay({"--all", "--yes"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.out, AllOf(HasSubstr("1 event replayed"), HasSubstr("1 event came back 3 times or more")));
  EXPECT_THAT(replayed("a"), ElementsAre("value 1"));
  EXPECT_EQ(replay({"--all", "--yes", "--max-replays", "9"}).code, kSound);
  EXPECT_THAT(replayed("a"), ElementsAre("value 1", "value 2"));
}

TEST_F(DeadLetter, ReplayPassesOverOtherRoutesAndStrangers) {
  add("a", "r", 0, "mailing");
  add("a", "r");
  cluster_.append("orders-dead", 0, {.key = "x", .value = "no dead letter"});
  const auto called = replay({"--all", "--yes"});
  EXPECT_THAT(called.out, AllOf(HasSubstr("1 event replayed"), HasSubstr("2 records there belong to other routes")));
  EXPECT_EQ(total(), 1U);
}

TEST_F(DeadLetter, ReplayTellsFirstAndAsks) {
  add("a", "answer 500");
  const auto dry = replay({"--all", "--dry-run"});
  EXPECT_EQ(dry.code, kSound);
  EXPECT_THAT(dry.out, AllOf(HasSubstr("1 event to be replayed to the topics they came from\n  1  answer 500\n"),
                             HasSubstr("nothing was changed")));
  EXPECT_THAT(replay({"--all"}).error, HasSubstr("needs --yes"));
  const auto no = replay({"--all"}, "n");
  EXPECT_EQ(no.code, kFound);
  EXPECT_THAT(no.error, AllOf(HasSubstr("Replay them? [y/N]"), HasSubstr("nothing was changed")));
  EXPECT_EQ(total(), 0U);
  EXPECT_EQ(cluster_.committed(kReplayGroup, "orders-dead", 0), -1);
  EXPECT_EQ(replay({"--all"}, "y").code, kSound);
  EXPECT_EQ(total(), 1U);
  EXPECT_THAT(replay({"--all"}, "y").error, Not(HasSubstr("Replay them?"))) << "there is nothing to ask about";
}

TEST_F(DeadLetter, ReplayWantsToKnowWhich) {
  EXPECT_THAT(replay({"--yes"}).error, HasSubstr("say which: --all"));
  EXPECT_THAT(replay({"--yes", "--all", "--key", "a"}).error, HasSubstr("say which: --all"));
  EXPECT_THAT(replay({"--yes", "--all", "--to", "orders-dead"}).error, HasSubstr("the dead-letter topic itself"));
  EXPECT_THAT(replay({"--yes", "--since", "tomorrow"}).error, HasSubstr("--since takes"));
}

TEST_F(DeadLetter, ReplayGoesToAnotherTopicWhenItIsNamed) {
  cluster_.topic("elsewhere", 3);
  add("a", "r");
  EXPECT_EQ(replay({"--all", "--yes", "--to", "elsewhere"}).code, kSound);
  EXPECT_EQ(total(), 0U);
  EXPECT_THAT(replayed("a", "elsewhere"), ElementsAre("value 1"));
}

TEST_F(DeadLetter, ATombstoneComesBackAsOne) {
  add("a", "r");
  cluster_.partition("orders-dead", event::murmur2_partition("a", 2)).records.back().value.reset();
  EXPECT_EQ(replay({"--all", "--yes"}).code, kSound);
  EXPECT_THAT(replayed("a"), ElementsAre("(none)"));
}

TEST_F(DeadLetter, ReplayWithoutItsTopicStopsAndKeepsAll) {
  add("a", "r");
  cluster_.topics.erase("orders");
  const auto called = replay({"--all", "--yes"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.error, AllOf(HasSubstr("no topic orders; --to names another"), HasSubstr("Run the same again")));
  cluster_.topic("orders", 4);
  EXPECT_THAT(replay({"--all", "--yes"}).out, HasSubstr("1 event replayed"));
}

TEST_F(DeadLetter, WhatTheTopicDoesNotTakeStays) {
  for (int i = 0; i < 3; ++i) add("a", "r");
  cluster_.deliver = [](const std::string&, const FakeCluster::Record& record) -> Status {
    if (record.value == "value 2") return fail(ErrorCode::kTooLarge, "too large");
    return {};
  };
  const auto called = replay({"--all", "--yes"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.error, HasSubstr("@1 stays: orders does not take it: too large"));
  EXPECT_THAT(called.out, AllOf(HasSubstr("2 events replayed"), HasSubstr("1 event stay")));
  cluster_.deliver = nullptr;
  EXPECT_THAT(replay({"--all", "--yes"}).out,
              AllOf(HasSubstr("1 event replayed"), HasSubstr("1 event were replayed before")));
  EXPECT_THAT(replayed("a"), ElementsAre("value 1", "value 3", "value 2"));
}

TEST_F(DeadLetter, AnUncertainEndIsToldAndCountsAsNotReplayed) {
  for (int i = 0; i < 5; ++i) add("a", "r");
  cluster_.deliver = [](const std::string&, const FakeCluster::Record& record) -> Status {
    if (record.value >= "value 3") return fail(ErrorCode::kUnavailable, "broker gone", Disposition::kRetry);
    return {};
  };
  const auto called = replay({"--all", "--yes"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.error, AllOf(HasSubstr("stopped: broker gone"), HasSubstr("may or may not have been replayed")));
  cluster_.deliver = nullptr;
  EXPECT_THAT(replay({"--all", "--yes"}).out, HasSubstr("3 events replayed"));
  EXPECT_THAT(replayed("a"), ElementsAre("value 1", "value 2", "value 3", "value 4", "value 5"));
}

TEST_F(DeadLetter, OffsetsWithoutARecordHoldNothingUp) {
  add("a", "r");
  const std::int32_t partition = event::murmur2_partition("a", 2);
  cluster_.partition("orders-dead", partition).end = 7;  // transaction markers, or compacted away
  add("a", "r");
  cluster_.partition("orders-dead", partition).end = 9;
  EXPECT_THAT(replay({"--all", "--yes"}).out, HasSubstr("2 events replayed"));
  EXPECT_EQ(cluster_.committed(kReplayGroup, "orders-dead", partition), 9);
}

TEST_F(DeadLetter, TwoReplaysAtATimeNoticeEachOther) {
  add("a", "r");
  const std::int32_t partition = event::murmur2_partition("a", 2);
  cluster_.deliver = [&](const std::string&, const FakeCluster::Record&) -> Status {
    cluster_.commit(kReplayGroup, "orders-dead", partition, 1);
    return {};
  };
  const auto called = replay({"--all", "--yes"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.error, HasSubstr("another replay of the route billing runs"));
}

TEST_F(DeadLetter, ASignalEndsAReplayAndWhatWasAcknowledgedIsKept) {
  for (int i = 0; i < 5; ++i) add("a", "r");
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
  ASSERT_EQ(pthread_kill(pthread_self(), SIGTERM), 0);
  const auto called = replay({"--all", "--yes"});
  pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.error, HasSubstr("stopped: ended by SIGTERM"));
  EXPECT_THAT(called.error, HasSubstr("Run the same again"));
  EXPECT_LT(total(), 5U);
  EXPECT_EQ(replay({"--all", "--yes"}).code, kSound);
  EXPECT_THAT(replayed("a"), ElementsAre("value 1", "value 2", "value 3", "value 4", "value 5"));
}

TEST_F(DeadLetter, ATopicMadeAnewIsReplayedFromItsBeginning) {
  add("a", "r");
  for (std::int32_t partition = 0; partition < 2; ++partition)
    cluster_.commit(kReplayGroup, "orders-dead", partition, 500);
  EXPECT_THAT(replay({"--all", "--yes"}).out, HasSubstr("1 event replayed"));
}

}  // namespace
}  // namespace hubferry::ctl

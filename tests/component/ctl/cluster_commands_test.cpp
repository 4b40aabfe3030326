// topics, partitions and lag on a cluster in memory.
#include <gmock/gmock.h>

#include "component/ctl/fake_cluster.h"
#include "consume/commit_note.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Topics = FakeClusterTest;
using Partitions = FakeClusterTest;
using Lag = FakeClusterTest;

TEST_F(Topics, WithoutNamesAreOnlyListed) {
  cluster_.topic("orders", 4);
  const auto called = call({"topics", "create"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_EQ(called.out,
            "TOPIC        STATE    PARTITIONS\norders       exists            4\norders-dead  missing           -\n");
  EXPECT_THAT(called.error, HasSubstr("nothing was created"));
  EXPECT_FALSE(cluster_.topics.contains("orders-dead"));
}

TEST_F(Topics, DeadLetterTopicsGetTheWidthOfTheirRoutesTopic) {
  cluster_.topic("orders", 6);
  const auto called = call({"topics", "create", "--dead-letter", "--retention", "7d", "--json"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_EQ(called.out, "{\"topic\":\"orders-dead\",\"state\":\"created\",\"partitions\":6,\"remarks\":null}\n");
  EXPECT_EQ(cluster_.topics.at("orders-dead").partitions.size(), 6U);
  EXPECT_EQ(cluster_.topics.at("orders-dead").config.at("retention.ms"), "604800000");
  EXPECT_THAT(call({"topics", "create", "--dead-letter", "--json"}).out, HasSubstr("\"state\":\"exists\""));
}

TEST_F(Topics, AreCreatedWhenTheyAreNamedAndConfigured) {
  const auto unsaid = call({"topics", "create", "--topic", "orders"});
  EXPECT_EQ(unsaid.code, kUnusable);
  EXPECT_THAT(unsaid.error, HasSubstr("say --partitions N"));
  EXPECT_EQ(call({"topics", "create", "--topic", "orders", "--partitions", "12"}).code, kSound);
  EXPECT_EQ(cluster_.topics.at("orders").partitions.size(), 12U);
  EXPECT_FALSE(cluster_.topics.contains("orders-dead"));
  const auto other = call({"topics", "create", "--topic", "order", "--partitions", "1"});
  EXPECT_EQ(other.code, kUnusable);
  EXPECT_THAT(other.error, AllOf(HasSubstr("names no such topic"), HasSubstr("orders, orders-dead")));
  EXPECT_FALSE(cluster_.topics.contains("order"));
}

TEST_F(Topics, AreToldWhenTheClusterShowsThem) {
  cluster_.topic("orders", 3);
  cluster_.hidden = 3;
  EXPECT_THAT(call({"topics", "create", "--dead-letter"}).out, HasSubstr("orders-dead  created           3"));
  EXPECT_EQ(cluster_.hidden, 0);
  cluster_.hidden = 1;
  EXPECT_THAT(call({"topics", "create", "--dead-letter"}).out, HasSubstr("orders-dead  exists           3"));
  cluster_.hidden = 1'000'000;
  const auto never = call({"topics", "create", "--dead-letter", "--timeout", "1ms"});
  EXPECT_EQ(never.code, kUnusable);
  EXPECT_THAT(never.error, HasSubstr("does not show"));
}

TEST_F(Topics, ThatTheClusterRefusesAreExplainedWithOtherTools) {
  configure("[produce.orders]\ntopic = orders\n", "shop.servicebus.windows.net:9093");
  cluster_.manage = fail(ErrorCode::kInvalid, "it does not let these credentials");
  const auto called = call({"topics", "create", "--topic", "orders", "--partitions", "8", "--retention", "90m"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(
      called.error,
      AllOf(HasSubstr("it does not let these credentials"),
            HasSubstr("az eventhubs eventhub create --resource-group RESOURCE_GROUP --namespace-name shop --name "
                      "orders --partition-count 8 --cleanup-policy Delete --retention-time-in-hours 2\n"),
            HasSubstr("kafka-topics.sh --bootstrap-server shop.servicebus.windows.net:9093 --create --topic "
                      "orders --partitions 8 --config retention.ms=5400000\n")));
  cluster_.manage = fail(ErrorCode::kTimeout, "no answer");
  const auto silent = call({"topics", "create", "--topic", "orders", "--partitions", "8"});
  EXPECT_EQ(silent.code, kUnusable);
  EXPECT_THAT(silent.error, Not(HasSubstr("az eventhubs")));
}

class ControlTopic : public FakeClusterTest {
 protected:
  ControlTopic() {
    configure("[produce.orders]\ntopic = orders\n[control]\ntopic = ctl\n");
    cluster_.topic("orders", 4);
  }
};

TEST_F(ControlTopic, IsCreatedWithOnePartitionAndTheBrokersTimes) {
  const auto called = call({"topics", "create", "--control"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_EQ(called.out, "TOPIC  STATE    PARTITIONS\nctl    created           1\n");
  const auto& config = cluster_.topics.at("ctl").config;
  EXPECT_EQ(config.at("message.timestamp.type"), "LogAppendTime");
  EXPECT_EQ(config.at("cleanup.policy"), "delete");
  EXPECT_EQ(config.at("retention.ms"), "604800000");
  EXPECT_EQ(call({"topics", "create"}).code, kSound);
}

TEST_F(ControlTopic, TakesAnotherRetentionButNoOtherPartitionCount) {
  const auto wide = call({"topics", "create", "--control", "--partitions", "4"});
  EXPECT_EQ(wide.code, kUnusable);
  EXPECT_THAT(wide.error, HasSubstr("exactly one"));
  EXPECT_FALSE(cluster_.topics.contains("ctl"));
  EXPECT_EQ(call({"topics", "create", "--topic", "ctl", "--retention", "1d"}).code, kSound);
  EXPECT_EQ(cluster_.topics.at("ctl").partitions.size(), 1U);
  EXPECT_EQ(cluster_.topics.at("ctl").config.at("retention.ms"), "86400000");
}

TEST_F(ControlTopic, IsListedWithWhatIsWrongWithIt) {
  EXPECT_THAT(call({"topics", "create"}).out, HasSubstr("ctl     missing"));
  cluster_.topic("ctl", 1);
  EXPECT_EQ(call({"topics", "create"}).code, kSound) << "the cluster does not tell its settings";
  cluster_.topics["ctl"].config["message.timestamp.type"] = "CreateTime";
  const auto times = call({"topics", "create"});
  EXPECT_EQ(times.code, kFound);
  EXPECT_THAT(times.out, AllOf(HasSubstr("its records bear the producers' times"),
                               HasSubstr("--entity-name ctl --add-config message.timestamp.type=LogAppendTime")));
  EXPECT_THAT(times.error, Not(HasSubstr("nothing was created")));
  cluster_.topics["ctl"].config = {{"cleanup.policy", "compact,delete"}};
  EXPECT_THAT(call({"topics", "create"}).out, HasSubstr("cleanup.policy = compact,delete: compaction"));
  cluster_.topics["ctl"].config = {};
  cluster_.topic("ctl", 2);
  const auto wide = call({"topics", "create", "--control", "--json"});
  EXPECT_EQ(wide.code, kFound);
  EXPECT_THAT(wide.out, HasSubstr("\"partitions\":2,\"remarks\":\"it has 2 partitions and must have one"));
}

TEST_F(ControlTopic, OfEventHubsStampsWhateverItSays) {
  configure("[produce.orders]\ntopic = orders\n[control]\ntopic = ctl\n", "shop.servicebus.windows.net:9093");
  cluster_.manage = fail(ErrorCode::kInvalid, "it does not let these credentials");
  const auto refused = call({"topics", "create", "--control"});
  EXPECT_EQ(refused.code, kFound);
  EXPECT_THAT(refused.error, HasSubstr("--namespace-name shop --name ctl --partition-count 1 --cleanup-policy Delete "
                                       "--retention-time-in-hours 168\n"));
  cluster_.topic("ctl", 1);
  cluster_.topics["ctl"].config["message.timestamp.type"] = "CreateTime";
  EXPECT_EQ(call({"topics", "create"}).code, kSound);
}

TEST_F(ControlTopic, ThatIsNotConfiguredCannotBeCreated) {
  configure("[produce.orders]\ntopic = orders\n");
  const auto called = call({"topics", "create", "--control"});
  EXPECT_EQ(called.code, kUnusable);
  EXPECT_THAT(called.error, HasSubstr("give control.topic a name"));
}

TEST_F(Partitions, AreListedWithTheCheckpointsOfEachRoute) {
  cluster_.topic("orders", 2);
  cluster_.partition("orders", 0).end = 120;
  cluster_.partition("orders", 1).low = 7;
  cluster_.partition("orders", 1).end = 9;
  consume::CommitNote note;
  note.finished = {{112, 114}};
  note.failures = {{110, 2}};
  cluster_.commit("billing-group", "orders", 0, 110, consume::encode(note, 110));
  cluster_.groups["billing-group"].description = {"Stable", "", {{"id", "worker", "/10.0.0.7", "pod-1", {0}}}};
  const auto called = call({"partitions", "list", "orders"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_EQ(called.out,
            "PARTITION  LEADER  LOW  END  ROUTE    COMMITTED  LAG  MEMBER                 REMARKS\n"
            "        0       1    0  120  billing        110   10  worker/10.0.0.7/pod-1  3 finished ahead, offset 110 "
            "failed 2 times\n"
            "        1       1    7    9  billing          -    2  -                      -\n");
  const auto json = call({"partitions", "list", "--route", "billing", "--json"});
  EXPECT_THAT(json.out, StartsWith("{\"partition\":0,\"leader\":1,\"low\":0,\"end\":120,\"route\":\"billing\","
                                   "\"committed\":110,\"lag\":10,\"member\":\"worker/10.0.0.7/pod-1\","));
}

TEST_F(Partitions, OfATopicThatNoRouteReadsAreListedToo) {
  cluster_.topic("orders-dead", 1);
  cluster_.partition("orders-dead", 0).leader = -1;
  const auto called = call({"partitions", "list", "orders-dead"});
  EXPECT_EQ(called.code, kFound) << "a partition has no leader";
  EXPECT_EQ(called.out, "PARTITION  LOW  END\n        0    0    0\n");
  EXPECT_EQ(call({"partitions", "list", "nowhere"}).code, kUnusable);
  EXPECT_THAT(call({"partitions", "list"}).error, HasSubstr("name a TOPIC"));
  EXPECT_THAT(call({"partitions", "list", "orders", "--route", "billing"}).error, HasSubstr("not both"));
}

TEST_F(Partitions, AreAddedAfterAYesAndTheEffectOnKeysIsShownBefore) {
  cluster_.topic("orders", 8);
  const auto no = call({"partitions", "add", "orders", "--total", "12"}, "n");
  EXPECT_EQ(no.code, kFound);
  EXPECT_THAT(no.out, AllOf(HasSubstr("orders: 8 -> 12 partitions"), HasSubstr("of the keys move"),
                            HasSubstr("may be delivered after newer ones")));
  EXPECT_THAT(no.error, AllOf(HasSubstr("Add them? [y/N]"), HasSubstr("nothing was changed")));
  EXPECT_EQ(cluster_.topics.at("orders").partitions.size(), 8U);
  const auto nobody = call({"partitions", "add", "orders", "--total", "12"});
  EXPECT_EQ(nobody.code, kUnusable);
  EXPECT_THAT(nobody.error, HasSubstr("needs --yes"));
  EXPECT_EQ(cluster_.topics.at("orders").partitions.size(), 8U);
  EXPECT_EQ(call({"partitions", "add", "orders", "--total", "12"}, "y").code, kSound);
  EXPECT_EQ(cluster_.topics.at("orders").partitions.size(), 12U);
  const auto more = call({"partitions", "add", "orders", "--total", "24", "--yes"});
  EXPECT_THAT(more.out, AllOf(HasSubstr("12 -> 24 partitions\n  50."), HasSubstr("orders has 24 partitions")));
}

TEST_F(Partitions, AreNeverTakenAway) {
  cluster_.topic("orders", 8);
  EXPECT_THAT(call({"partitions", "add", "orders", "--total", "4", "--yes"}).error, HasSubstr("cannot be taken back"));
  EXPECT_THAT(call({"partitions", "add", "orders", "--total", "8", "--yes"}).out, HasSubstr("8 partitions already"));
  EXPECT_EQ(call({"partitions", "add", "orders", "--yes"}).code, kUnusable);
}

TEST_F(Partitions, ThatTheClusterDoesNotAddAreExplained) {
  configure("[consume.billing]\ntopic = orders\ngroup = g\nhandler = discard:\npartitions = 0,2\n");
  cluster_.topic("orders", 8);
  cluster_.manage = fail(ErrorCode::kInvalid, "wrong tier");
  const auto refused = call({"partitions", "add", "orders", "--total", "16", "--yes"});
  EXPECT_EQ(refused.code, kFound);
  EXPECT_THAT(refused.out, HasSubstr("The route billing reads the partitions that its setting"));
  EXPECT_THAT(refused.error,
              AllOf(HasSubstr("wrong tier"), HasSubstr("eventhub update"), HasSubstr("--partition-count 16")));
}

TEST_F(Lag, IsCountedFromTheCheckpoint) {
  cluster_.topic("orders", 3);
  const std::int64_t hour_ago = wall_clock_ms() - 3'610'000;
  for (int i = 0; i < 5; ++i) cluster_.append("orders", 0, {.timestamp_ms = hour_ago + i, .key = "k", .value = "v"});
  cluster_.append("orders", 1, {.timestamp_ms = wall_clock_ms() - 7'210'000, .key = {}, .value = "v"});
  cluster_.commit("billing-group", "orders", 0, 3);
  cluster_.commit("billing-group", "orders", 2, 0);
  cluster_.groups["billing-group"].description = {
      "Stable", "", {{"a", "one", "/h", "", {0, 1}}, {"b", "two", "/h", "", {}}}};
  const auto called = call({"lag"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_THAT(called.out, AllOf(HasSubstr("route billing  topic orders  group billing-group (Stable, 2 members)\n"),
                                HasSubstr("lag 3, oldest unread event 2h old\n"),
                                HasSubstr("        0          3    5    2  1h             one/h"),
                                HasSubstr("        1          -    1    1  2h             one/h"),
                                HasSubstr("member without partitions: two/h\n")));
}

TEST_F(Lag, OfAGroupThatBeginsAtTheEndIsNotKnownBeforeItBegan) {
  configure("[consume.billing]\ntopic = orders\ngroup = g\nhandler = discard:\nstart = latest\n");
  cluster_.topic("orders", 2);
  cluster_.append("orders", 0, {.value = "v"});
  const auto called = call({"lag", "--json"});
  EXPECT_THAT(called.out, HasSubstr("\"partition\":0,\"committed\":null,\"end\":1,\"lag\":null"));
  cluster_.commit("g", "orders", 1, 0);
  EXPECT_THAT(call({"lag", "--json"}).out, HasSubstr("\"partition\":0,\"committed\":null,\"end\":1,\"lag\":1"))
      << "a partition beside others with checkpoints is new";
}

TEST_F(Lag, TellsThatRetentionWasQuicker) {
  cluster_.topic("orders", 1);
  cluster_.partition("orders", 0) = {{}, 50, 60, 1};
  cluster_.commit("billing-group", "orders", 0, 20);
  const auto called = call({"lag"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.out, AllOf(HasSubstr("lag 10\n"), HasSubstr("expired: retention removed 30 offsets unread")));
  cluster_.commit("billing-group", "orders", 0, 61);
  EXPECT_THAT(call({"lag"}).out, HasSubstr("past the end"));
}

TEST_F(Lag, AGroupThatTheClusterDoesNotDescribeStillHasALag) {
  cluster_.topic("orders", 1);
  cluster_.describe = fail(ErrorCode::kInvalid, "not allowed");
  const auto called = call({"lag", "--route", "billing"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_THAT(called.out, HasSubstr("state not told: not allowed"));
  cluster_.describe = fail(ErrorCode::kTimeout, "no answer");
  EXPECT_EQ(call({"lag"}).code, kUnusable);
}

TEST_F(Lag, TheConfigurationSaysWhichRoutesThereAre) {
  EXPECT_THAT(call({"lag", "--route", "mailing"}).error,
              AllOf(HasSubstr("no section [consume.mailing]"), HasSubstr("there are: billing")));
  std::ostringstream out;
  std::ostringstream error;
  EXPECT_EQ(run({"lag"}, {}, {out, error}, {}, cluster_), kUnusable);
  EXPECT_THAT(error.str(), HasSubstr("--config FILE is missing"));
  EXPECT_THAT(out.str(), IsEmpty());
}

}  // namespace
}  // namespace hubferry::ctl

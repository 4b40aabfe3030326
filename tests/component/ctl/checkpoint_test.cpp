// checkpoint on a cluster in memory.
#include <gmock/gmock.h>

#include "component/ctl/fake_cluster.h"
#include "consume/commit_note.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Checkpoint : public FakeClusterTest {
 protected:
  Checkpoint() {
    cluster_.topic("orders", 3);
    for (std::int32_t partition = 0; partition < 3; ++partition) {
      for (int i = 0; i < 100; ++i) cluster_.append("orders", partition, {.timestamp_ms = 1'000 + i, .value = "v"});
      cluster_.partition("orders", partition).low = 10;
    }
    consume::CommitNote note;
    note.partitions_at_start = 2;
    note.finished = {{42, 43}, {50, 50}};
    note.failures = {{41, 2}, {60, 1}};
    note.parked = {77};
    cluster_.commit("billing-group", "orders", 0, 41, consume::encode(note, 41));
    cluster_.commit("billing-group", "orders", 1, 20);
  }
  void join() {
    cluster_.groups["billing-group"].description = {"Stable", "", {{"id", "worker", "/10.0.0.7", "pod-1", {0, 1, 2}}}};
  }
  std::int64_t committed(std::int32_t partition) { return cluster_.committed("billing-group", "orders", partition); }
  consume::CommitNote note(std::int32_t partition) {
    const auto& offset = cluster_.groups["billing-group"].committed[{"orders", partition}];
    return consume::decode_note(offset.metadata, offset.offset).value();
  }
};

TEST_F(Checkpoint, IsShownWithWhatTheDaemonNoted) {
  join();
  const auto called = call({"checkpoint", "show", "--route", "billing"});
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_THAT(called.out,
              AllOf(HasSubstr("        0         41   10  100   59  worker/10.0.0.7/pod-1  3 finished ahead, offset "
                              "41 failed 2 times, offset 60 failed 1 time, 1 parked key\n"),
                    HasSubstr("        2          -   10  100   90  ")));
}

TEST_F(Checkpoint, OfAGroupInUseIsNotChanged) {
  join();
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"checkpoint", "set", "--earliest", "--yes"},
                                             {"checkpoint", "skip", "--partition", "0", "--offset", "41", "--yes"}}) {
    const auto called = call(arguments);
    EXPECT_EQ(called.code, kUnusable);
    EXPECT_THAT(called.error,
                AllOf(HasSubstr("group billing-group is in use (Stable)"), HasSubstr("worker/10.0.0.7/pod-1"),
                      HasSubstr("systemctl stop hubferryd"), HasSubstr("session.timeout.ms")));
  }
  EXPECT_EQ(committed(0), 41);
}

TEST_F(Checkpoint, IsSetOnlyAfterAYes) {
  EXPECT_EQ(call({"checkpoint", "set", "--earliest"}).code, kUnusable);
  EXPECT_EQ(call({"checkpoint", "set", "--earliest"}, "no").code, kFound);
  EXPECT_EQ(committed(0), 41);
  const auto called = call({"checkpoint", "set", "--earliest"}, "y");
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_EQ(called.out,
            "PARTITION  BEFORE  AFTER  OFFSETS DELIVERED\n"
            "        0      41     10  again: 31\n"
            "        1      20     10  again: 10\n"
            "        2       -     10  -\n");
  for (std::int32_t partition = 0; partition < 3; ++partition) EXPECT_EQ(committed(partition), 10);
  EXPECT_EQ(note(0), (consume::CommitNote{.partitions_at_start = 2, .finished = {}, .failures = {}, .parked = {}}))
      << "only how many partitions there were at the first start is kept";
}

TEST_F(Checkpoint, IsSetToEachKindOfPlace) {
  EXPECT_EQ(call({"checkpoint", "set", "--latest", "--partition", "1", "--yes"}).code, kSound);
  EXPECT_EQ(committed(1), 100);
  EXPECT_EQ(committed(0), 41) << "only the partition that was named";
  EXPECT_EQ(call({"checkpoint", "set", "--time", "1970-01-01T00:00:01.030Z", "--yes"}).code, kSound);
  for (std::int32_t partition = 0; partition < 3; ++partition) EXPECT_EQ(committed(partition), 30);
  const auto called = call({"checkpoint", "set", "--partition", "2", "--offset", "64", "--yes", "--json"});
  EXPECT_EQ(called.out, "{\"partition\":2,\"before\":30,\"after\":64,\"offsets_delivered\":\"never: 34\"}\n");
  EXPECT_EQ(committed(2), 64);
}

TEST_F(Checkpoint, IsNotSetToWhatCannotBe) {
  const auto error = [this](std::vector<std::string> options) {
    options.insert(options.begin(), {"checkpoint", "set", "--yes"});
    const auto called = call(options);
    EXPECT_EQ(called.code, kUnusable);
    return called.error;
  };
  EXPECT_THAT(error({}), HasSubstr("say one of --offset N, --earliest"));
  EXPECT_THAT(error({"--earliest", "--latest"}), HasSubstr("say one of"));
  EXPECT_THAT(error({"--offset", "50"}), HasSubstr("needs --partition"));
  EXPECT_THAT(error({"--partition", "0", "--offset", "9"}), HasSubstr("holds the offsets 10 to 100"));
  EXPECT_THAT(error({"--partition", "0", "--offset", "101"}), HasSubstr("101 is none of them"));
  EXPECT_THAT(error({"--partition", "3", "--latest"}), HasSubstr("there is no partition 3"));
  EXPECT_THAT(error({"--time", "yesterday"}), HasSubstr("--time takes"));
  EXPECT_EQ(committed(0), 41);
  EXPECT_EQ(call({"checkpoint", "set", "--yes", "--partition", "0", "--offset", "100"}).code, kSound);
}

TEST_F(Checkpoint, SkipsTheOneEventThatBlocks) {
  const auto called = call({"checkpoint", "skip", "--partition", "0", "--offset", "41"}, "y");
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_EQ(committed(0), 44) << "42 and 43 were finished before";
  EXPECT_EQ(note(0), (consume::CommitNote{
                         .partitions_at_start = 2, .finished = {{50, 50}}, .failures = {{60, 1}}, .parked = {77}}));
  EXPECT_EQ(call({"checkpoint", "skip", "--partition", "1", "--offset", "20", "--yes"}).code, kSound);
  EXPECT_EQ(committed(1), 21);
}

TEST_F(Checkpoint, SkipsNothingElse) {
  for (const char* offset : {"40", "42"}) {
    const auto called = call({"checkpoint", "skip", "--partition", "0", "--offset", offset, "--yes"});
    EXPECT_EQ(called.code, kUnusable);
    EXPECT_THAT(called.error, AllOf(HasSubstr("it is 41, not " + std::string(offset)), HasSubstr("checkpoint set")));
  }
  EXPECT_THAT(call({"checkpoint", "skip", "--partition", "2", "--offset", "10", "--yes"}).error,
              HasSubstr("there is none, not 10"));
  EXPECT_THAT(call({"checkpoint", "skip", "--partition", "0", "--yes"}).error, HasSubstr("--partition P --offset N"));
  cluster_.commit("billing-group", "orders", 1, 100);
  EXPECT_THAT(call({"checkpoint", "skip", "--partition", "1", "--offset", "100", "--yes"}).error,
              HasSubstr("not written yet"));
  EXPECT_EQ(committed(0), 41);
}

TEST_F(Checkpoint, OfADirectReceiverIsChangedWithAWarning) {
  configure("[consume.billing]\ntopic = orders\ngroup = billing-group\nhandler = discard:\npartitions = all\n");
  const auto called = call({"checkpoint", "set", "--latest", "--yes"});
  EXPECT_EQ(called.code, kSound);
  EXPECT_THAT(called.error, HasSubstr("direct receiver"));
  EXPECT_THAT(call({"lag"}).out, HasSubstr("(direct receiver)"));
}

TEST_F(Checkpoint, OfPartitionsThatADirectReceiverLeavesOutAreLeftAlone) {
  configure("[consume.billing]\ntopic = orders\ngroup = billing-group\nhandler = discard:\npartitions = 0,2\n");
  EXPECT_EQ(call({"checkpoint", "set", "--latest", "--yes"}).code, kSound);
  EXPECT_EQ(committed(0), 100);
  EXPECT_EQ(committed(1), 20);
  EXPECT_EQ(committed(2), 100);
  EXPECT_THAT(call({"checkpoint", "show"}).out, Not(HasSubstr("\n        1 ")));
  EXPECT_THAT(call({"lag"}).out, HasSubstr("lag 0\n"));
  EXPECT_THAT(call({"partitions", "list", "orders"}).out, HasSubstr("not read by this route"));
}

TEST_F(Checkpoint, ThatTheBrokerRefusesIsNotReportedAsChanged) {
  cluster_.on_commit = [this] { join(); };
  const auto called = call({"checkpoint", "set", "--latest", "--yes"});
  EXPECT_EQ(called.code, kUnusable);
  EXPECT_THAT(called.error, AllOf(HasSubstr("it has members"), Not(HasSubstr("changed"))));
  EXPECT_EQ(committed(0), 41);
}

}  // namespace
}  // namespace hubferry::ctl

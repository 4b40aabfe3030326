#include "consume/dispatcher.h"

#include <gtest/gtest.h>

#include <vector>

namespace hubferry::consume {
namespace {

using deliver::Outcome;
using deliver::Verdict;
using std::chrono::milliseconds;

event::Record record(std::int32_t partition, std::int64_t offset) {
  event::Record made;
  made.topic = "t";
  made.partition = partition;
  made.offset = offset;
  return made;
}

class DispatcherTest : public testing::Test {
 protected:
  static Dispatcher::Options options() {
    Dispatcher::Options options;
    options.buffer_events = 4;
    return options;
  }
  void assign(const std::vector<std::int32_t>& partitions, std::int64_t events) {
    dispatcher_.assign(partitions);
    for (const std::int32_t partition : partitions) {
      for (std::int64_t offset = 0; offset < events; ++offset) dispatcher_.add(record(partition, offset));
    }
  }
  Delivery take() {
    auto delivery = dispatcher_.next_delivery(now_);
    EXPECT_TRUE(delivery);
    return delivery.value_or(Delivery{});
  }
  void finish(const Delivery& delivery, Verdict verdict = Verdict::kDone) {
    dispatcher_.finished(delivery.id, Outcome{verdict, "why", {}}, now_);
  }

  Instant now_ = Instant() + std::chrono::hours(1);
  Dispatcher dispatcher_{options()};
};

TEST_F(DispatcherTest, DeliversOneEventOfAPartitionAtATime) {
  assign({0}, 2);
  const Delivery first = take();
  EXPECT_EQ(first.id.offset, 0);
  EXPECT_EQ(first.attempt, 1U);
  EXPECT_FALSE(dispatcher_.next_delivery(now_));
  finish(first);
  EXPECT_EQ(take().id.offset, 1);
}

TEST_F(DispatcherTest, PartitionsDoNotWaitForEachOther) {
  assign({0, 1, 2}, 2);
  std::vector<std::int32_t> served;
  for (int i = 0; i < 3; ++i) served.push_back(take().id.partition);
  EXPECT_EQ(served, (std::vector<std::int32_t>{0, 1, 2}));
  EXPECT_EQ(dispatcher_.in_flight(), 3U);
  EXPECT_FALSE(dispatcher_.next_delivery(now_));
}

TEST_F(DispatcherTest, RetriesTheSameEventAfterABackoffAndCountsAttempts) {
  assign({0}, 2);
  finish(take(), Verdict::kFailed);
  EXPECT_FALSE(dispatcher_.next_delivery(now_));
  const auto due = dispatcher_.next_due();
  ASSERT_TRUE(due);
  EXPECT_GT(*due, now_);
  EXPECT_LE(*due, now_ + milliseconds(1'000));
  now_ = *due;
  const Delivery again = take();
  EXPECT_EQ(again.id.offset, 0);
  EXPECT_EQ(again.attempt, 2U);
}

TEST_F(DispatcherTest, AnUnavailableHandlerSpendsNoAttemptAndItsWishIsHonoured) {
  assign({0}, 1);
  const Delivery first = take();
  dispatcher_.finished(first.id, Outcome{Verdict::kUnavailable, "429", milliseconds(60'000)}, now_);
  EXPECT_FALSE(dispatcher_.next_delivery(now_ + milliseconds(59'999)));
  now_ += milliseconds(60'000);
  EXPECT_EQ(take().attempt, 1U);
}

TEST_F(DispatcherTest, CommitsOnlyWhatIsDoneAndAtMostOnceAnInterval) {
  assign({0}, 3);
  EXPECT_FALSE(dispatcher_.next_commit(now_));
  finish(take());
  const auto commit = dispatcher_.next_commit(now_);
  ASSERT_TRUE(commit);
  ASSERT_EQ(commit->offsets.size(), 1U);
  EXPECT_EQ(commit->offsets[0].offset, 1);
  finish(take());
  EXPECT_FALSE(dispatcher_.next_commit(now_)) << "one commit at a time";
  dispatcher_.committed(commit->token, true);
  EXPECT_FALSE(dispatcher_.next_commit(now_ + milliseconds(999)));
  EXPECT_EQ(dispatcher_.next_commit(now_ + milliseconds(1'000))->offsets[0].offset, 2);
}

TEST_F(DispatcherTest, RepeatsACommitThatFailed) {
  assign({0}, 1);
  finish(take());
  dispatcher_.committed(dispatcher_.next_commit(now_)->token, false);
  now_ += milliseconds(1'000);
  EXPECT_EQ(dispatcher_.next_commit(now_)->offsets[0].offset, 1);
}

TEST_F(DispatcherTest, BoundsWhatIsBuffered) {
  assign({0}, 0);
  EXPECT_EQ(dispatcher_.room(0), 4U);
  for (int i = 0; i < 4; ++i) dispatcher_.add(record(0, i));
  EXPECT_EQ(dispatcher_.room(0), 0U);
  EXPECT_EQ(dispatcher_.room(1), 0U) << "not assigned";
  finish(take());
  EXPECT_EQ(dispatcher_.room(0), 1U);
}

TEST_F(DispatcherTest, ARevokeWaitsForWorkInFlightThenCommitsThenLetsGo) {
  assign({0, 1}, 3);
  const Delivery leaving = take();
  take();
  dispatcher_.revoke({0}, false, now_);
  EXPECT_EQ(dispatcher_.room(0), 0U);
  EXPECT_FALSE(dispatcher_.take_revoke_done(now_));
  finish(leaving);
  EXPECT_FALSE(dispatcher_.next_delivery(now_)) << "nothing new of a partition that is given up";
  EXPECT_FALSE(dispatcher_.take_revoke_done(now_)) << "its commit is still missing";
  const auto commit = dispatcher_.next_commit(now_);
  ASSERT_TRUE(commit);
  ASSERT_EQ(commit->offsets.size(), 1U) << "only the revoked partition is committed during a rebalance";
  EXPECT_EQ(commit->offsets[0].partition, 0);
  EXPECT_FALSE(dispatcher_.take_revoke_done(now_)) << "the commit is awaited";
  dispatcher_.committed(commit->token, true);
  EXPECT_TRUE(dispatcher_.take_revoke_done(now_));
  EXPECT_FALSE(dispatcher_.take_revoke_done(now_)) << "once";
  EXPECT_EQ(dispatcher_.assignment(), std::vector<std::int32_t>{1});
}

TEST_F(DispatcherTest, TheOtherPartitionsLiveOnDuringARevoke) {
  assign({0, 1}, 3);
  const Delivery leaving = take();
  finish(take());
  dispatcher_.revoke({0}, false, now_);
  EXPECT_EQ(take().id.partition, 1);
  finish(leaving);
}

TEST_F(DispatcherTest, ARevokeDoesNotWaitLongerThanItsDeadlineAndLateAnswersChangeNothing) {
  assign({0}, 2);
  const Delivery slow = take();
  dispatcher_.revoke({0}, false, now_);
  ASSERT_EQ(dispatcher_.next_due(), now_ + milliseconds(5'000));
  now_ += milliseconds(5'000);
  EXPECT_TRUE(dispatcher_.take_revoke_done(now_));
  EXPECT_EQ(dispatcher_.in_flight(), 0U);
  assign({0}, 2);
  finish(slow);
  EXPECT_FALSE(dispatcher_.next_commit(now_)) << "an answer of the old assignment must not move the checkpoint";
  EXPECT_EQ(take().id.offset, 0);
}

TEST_F(DispatcherTest, ALateAnswerDoesNotEndTheNewDeliveryOfTheSameEvent) {
  assign({0}, 2);
  const Delivery old = take();
  dispatcher_.revoke({0}, true, now_);
  EXPECT_TRUE(dispatcher_.take_revoke_done(now_));
  assign({0}, 2);
  const Delivery fresh = take();
  finish(old);
  EXPECT_FALSE(dispatcher_.next_delivery(now_)) << "the event is still at the handler";
  finish(fresh);
  EXPECT_EQ(take().id.offset, 1);
}

TEST_F(DispatcherTest, AFailedCommitOfARevokedPartitionDoesNotBlockTheRebalance) {
  assign({0}, 1);
  finish(take());
  dispatcher_.revoke({0}, false, now_);
  dispatcher_.committed(dispatcher_.next_commit(now_)->token, false);
  EXPECT_FALSE(dispatcher_.next_commit(now_));
  EXPECT_TRUE(dispatcher_.take_revoke_done(now_));
}

TEST_F(DispatcherTest, LostPartitionsAreGivenUpAtOnceWithoutACommit) {
  assign({0}, 2);
  finish(take());
  take();
  dispatcher_.revoke({0}, true, now_);
  EXPECT_FALSE(dispatcher_.next_commit(now_));
  EXPECT_EQ(dispatcher_.in_flight(), 0U);
  EXPECT_TRUE(dispatcher_.take_revoke_done(now_));
}

// A due moment in the past would make the owner's thread spin until the revoke is over.
TEST_F(DispatcherTest, WaitsForAnswersWithoutSpinningDuringARevoke) {
  assign({0, 1}, 3);
  const Delivery leaving = take();
  finish(take());
  dispatcher_.committed(dispatcher_.next_commit(now_)->token, true);
  now_ += milliseconds(2'000);
  finish(take());  // partition 1 has something to commit, but not during the rebalance
  take();
  dispatcher_.revoke({0}, false, now_);
  ASSERT_FALSE(dispatcher_.next_commit(now_));
  EXPECT_EQ(dispatcher_.next_due(), now_ + milliseconds(5'000));
  finish(leaving);
  ASSERT_TRUE(dispatcher_.next_commit(now_));
  now_ += milliseconds(6'000);
  EXPECT_EQ(dispatcher_.next_due(), std::nullopt) << "only the commit's answer is awaited";
}

TEST_F(DispatcherTest, WaitsForTheRevokeWithoutSpinningWhileStopping) {
  assign({0}, 2);
  dispatcher_.stop(now_ + milliseconds(100));
  EXPECT_EQ(dispatcher_.next_due(), std::nullopt);
}

TEST_F(DispatcherTest, StoppingDeliversNothingNewAndShortensTheDeadline) {
  assign({0, 1}, 2);
  const Delivery last = take();
  dispatcher_.stop(now_ + milliseconds(100));
  EXPECT_FALSE(dispatcher_.next_delivery(now_));
  EXPECT_EQ(dispatcher_.room(0), 0U);
  dispatcher_.revoke({0, 1}, false, now_);
  finish(last);
  dispatcher_.committed(dispatcher_.next_commit(now_)->token, true);
  EXPECT_TRUE(dispatcher_.take_revoke_done(now_));
  assign({2}, 1);
  EXPECT_FALSE(dispatcher_.next_delivery(now_));
}

}  // namespace
}  // namespace hubferry::consume

#include "dispatching.h"

namespace hubferry::consume {
namespace {

using deliver::Verdict;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using Kind = Permit::Kind;

class DispatcherBreaker : public Dispatching {
 protected:
  DispatcherBreaker() {
    auto options = Dispatching::options();
    options.retry_attempts = 1;
    start(options);
    permit(Kind::kClosed, 1, 0);
  }
  void permit(Kind kind, std::uint64_t generation, std::uint64_t released = 0) {
    dispatcher_->permit({kind, generation, -1, 0, released}, now_);
  }
  void probe(std::uint64_t generation, std::int32_t partition, std::uint64_t events) {
    dispatcher_->permit({Kind::kProbe, generation, partition, events, 0}, now_);
  }
};

TEST_F(DispatcherBreaker, AnOpenOneDeliversNothingAndKeepsWhatItHas) {
  add({"a", "b"});
  permit(Kind::kOpen, 1);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(dispatcher_->room(0), 998U);
  permit(Kind::kClosed, 2);
  EXPECT_THAT(take_all(), ElementsAre(0, 1));
}

TEST_F(DispatcherBreaker, AnOpenOneIsNeverDue) {
  add({"a"});
  permit(Kind::kOpen, 1);
  EXPECT_FALSE(dispatcher_->next_due());
}

TEST_F(DispatcherBreaker, WhatFailedForGoodDiesOnlyWhenTheBreakerKnowsOfIt) {
  add({"a", "b"});
  take_all();
  answer_all(Verdict::kFailed);
  EXPECT_FALSE(dispatcher_->next_dead_letter());
  permit(Kind::kClosed, 1, 1);
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->id.offset, 0);
  EXPECT_FALSE(dispatcher_->next_dead_letter());
  permit(Kind::kClosed, 1, 2);
  EXPECT_TRUE(dispatcher_->next_dead_letter());
}

TEST_F(DispatcherBreaker, WhatCouldNotDieBeforeItOpenedGetsItsAttemptsAnew) {
  add({"a", "a"});
  answer(take_one(), Verdict::kFailed);
  permit(Kind::kOpen, 1);
  EXPECT_FALSE(dispatcher_->next_dead_letter());
  const auto committed = commit();
  EXPECT_EQ(committed.offset, 0) << "what failed stays uncommitted";
  EXPECT_THAT(note_of(committed).failures, IsEmpty());
  permit(Kind::kClosed, 2, UINT64_MAX);
  EXPECT_FALSE(dispatcher_->next_dead_letter());
  const auto again = take_one();
  EXPECT_EQ(again.id.offset, 0);
  EXPECT_EQ(again.attempt, 1U);
  answer(again);
  EXPECT_EQ(take_one().id.offset, 1) << "in the order of its key";
}

TEST_F(DispatcherBreaker, SoDoesWhatARejectionOrAnEarlierOwnerHadSentToDie) {
  add({"a"});
  answer(take_one(), Verdict::kRejected);
  assign(1, 0, CommitNote{0, {}, {{0, 1}}, {}});
  dispatcher_->add(record(0, "x", 1), now_);
  EXPECT_THAT(take(), IsEmpty()) << "its attempts are used up";
  permit(Kind::kOpen, 1);
  permit(Kind::kClosed, 2, UINT64_MAX);
  EXPECT_FALSE(dispatcher_->next_dead_letter());
  EXPECT_THAT(take_all(), SizeIs(2));
}

TEST_F(DispatcherBreaker, SoDoesWhatWasReadWhileItWasOpenOrIsReadLater) {
  permit(Kind::kOpen, 1);
  assign(0, 0, CommitNote{0, {}, {{0, 1}, {1, CommitNote::kRejected + 1}}, {}});
  add({"a"});
  permit(Kind::kClosed, 2, UINT64_MAX);
  EXPECT_THAT(note_of(commit()).failures, IsEmpty());
  add({"b"});
  EXPECT_THAT(take_all(), ElementsAre(0, 1));
  EXPECT_FALSE(dispatcher_->next_dead_letter());
}

TEST_F(DispatcherBreaker, AStateThatIsNotKnownYetGrantsNoNewAttempts) {
  permit(Kind::kUnknown, 0);
  assign(0, 0, CommitNote{0, {}, {{0, 1}}, {}});
  add({"a", "b"});
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_FALSE(dispatcher_->next_dead_letter());
  permit(Kind::kClosed, 1, 0);
  EXPECT_THAT(take_all(), ElementsAre(1));
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->id.offset, 0);
  EXPECT_EQ(letter->attempts, 1U);
}

TEST_F(DispatcherBreaker, ALetterThatIsAtTheWriterIsNoReasonToDeliverAgain) {
  add({"a"});
  answer(take_one(), Verdict::kFailed);
  permit(Kind::kClosed, 1, 1);
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  permit(Kind::kOpen, 1);
  permit(Kind::kClosed, 2, UINT64_MAX);
  EXPECT_THAT(take(), IsEmpty());
  dispatcher_->dead_letter_written(letter->id, {}, now_);
  EXPECT_EQ(commit().offset, 1);
}

TEST_F(DispatcherBreaker, AParkedEventIsNotDeliveredWhenItCloses) {
  auto options = Dispatching::options();
  options.parked_keys = true;
  start(options);
  assign(0, 0, CommitNote{0, {}, {}, {key_hash("a")}});
  add({"a"});
  permit(Kind::kOpen, 1);
  EXPECT_THAT(take(), IsEmpty());
  permit(Kind::kClosed, 2, 0);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_TRUE(dispatcher_->next_dead_letter());
}

TEST_F(DispatcherBreaker, ATryDeliversOneAfterAnotherOfItsPartition) {
  assign(1);
  add({"a", "b", "c"});
  dispatcher_->add(record(0, "x", 1), now_);
  permit(Kind::kOpen, 1);
  probe(1, 0, 2);
  EXPECT_THAT(take_all(), ElementsAre(0));
  answer_all();
  EXPECT_THAT(take_all(), ElementsAre(1));
  EXPECT_EQ(dispatcher_->take_tally().state.probe_done, 1U);
  answer_all();
  EXPECT_THAT(take(), IsEmpty()) << "two were asked for";
  const RouteState state = dispatcher_->take_tally().state;
  EXPECT_EQ(state.probe_generation, 1U);
  EXPECT_EQ(state.probe_done, 2U);
  EXPECT_TRUE(state.probe_idle);
  EXPECT_FALSE(state.probe_failure);
}

TEST_F(DispatcherBreaker, AFailedTryEndsItUntilTheNext) {
  add({"a", "b", "c"});
  permit(Kind::kOpen, 1);
  probe(1, 0, 2);
  answer(take_one(), Verdict::kFailed);
  EXPECT_EQ(dispatcher_->take_tally().state.probe_failure, "why");
  EXPECT_THAT(take(), IsEmpty());
  permit(Kind::kOpen, 2);
  probe(2, 0, 2);
  const auto next = take_one();
  EXPECT_EQ(next.id.offset, 1) << "one that has not failed yet";
  EXPECT_FALSE(dispatcher_->take_tally().state.probe_failure);
}

TEST_F(DispatcherBreaker, ATryTakesAHandlerThatWasNotAvailable) {
  add({"a"});
  answer(take_one(), Verdict::kUnavailable, milliseconds(60'000));
  EXPECT_EQ(dispatcher_->take_tally().state.unavailable_since, now_);
  permit(Kind::kOpen, 1);
  probe(1, 0, 1);
  answer(take_one());
  EXPECT_EQ(dispatcher_->take_tally().state.unavailable_since, std::nullopt);
}

TEST_F(DispatcherBreaker, ARouteWhoseLanesAllWaitForAFailedEventCanBeTried) {
  auto options = Dispatching::options();
  options.order = config::Order::kPartition;
  options.retry_attempts = 1;
  start(options);
  permit(Kind::kClosed, 1);
  add({"a", "b"});
  answer(take_one(), Verdict::kFailed);
  permit(Kind::kOpen, 1);
  EXPECT_EQ(dispatcher_->take_tally().state.candidate, 0);
  probe(1, 0, 2);
  answer(take_one(), Verdict::kFailed);
  permit(Kind::kOpen, 2);
  EXPECT_EQ(dispatcher_->take_tally().state.candidate, 0) << "also after it has failed again";
  probe(2, 0, 2);
  answer(take_one());
  EXPECT_EQ(take_one().id.offset, 1);
}

TEST_F(DispatcherBreaker, WhatFailsForGoodAfterTheOpeningStaysToBeTried) {
  add({"a"});
  const auto late = take_one();
  permit(Kind::kOpen, 1);
  answer(late, Verdict::kFailed);
  EXPECT_EQ(dispatcher_->take_tally().state.finals, 1U) << "counted all the same";
  EXPECT_EQ(dispatcher_->take_tally().state.candidate, 0);
  EXPECT_THAT(note_of(commit()).failures, IsEmpty());
}

TEST_F(DispatcherBreaker, AnAnswerOfATimeBeforeTheTryIsNoneOfIt) {
  add({"a", "b"});
  const auto before = take_one();
  permit(Kind::kOpen, 1);
  probe(1, 0, 1);
  EXPECT_THAT(take(), IsEmpty()) << "one at a time";
  answer(before, Verdict::kFailed);
  EXPECT_FALSE(dispatcher_->take_tally().state.probe_failure);
  EXPECT_EQ(take_one().id.offset, 1);
}

TEST_F(DispatcherBreaker, TellsWhichPartitionCouldBeTried) {
  assign(1);
  add({"a"});
  EXPECT_EQ(dispatcher_->take_tally().state.candidate, -1) << "it is closed";
  permit(Kind::kOpen, 1);
  EXPECT_EQ(dispatcher_->take_tally().state.candidate, 0);
  dispatcher_->add(record(0, "x", 1), now_);
  EXPECT_EQ(dispatcher_->take_tally().state.candidate, 1) << "in turns, by generation";
  permit(Kind::kOpen, 2);
  EXPECT_EQ(dispatcher_->take_tally().state.candidate, 0);
  probe(2, 0, 1);
  dispatcher_->revoke({0}, true, now_);
  EXPECT_TRUE(dispatcher_->take_tally().state.probe_lost);
}

TEST_F(DispatcherBreaker, CountsWhatFailedForGoodAndWhatSucceeded) {
  add({"a", "b", "c", "d"});
  take_all();
  answer(taken_[0], Verdict::kFailed);
  answer(taken_[1]);
  answer(taken_[2], Verdict::kRejected);
  answer(taken_[3], Verdict::kUnavailable);
  const RouteTally tally = dispatcher_->take_tally();
  EXPECT_THAT(tally.failures, ElementsAre(Pair(now_, 2)));
  EXPECT_EQ(tally.successes, 1U);
  EXPECT_EQ(tally.trailing, 1U);
  EXPECT_EQ(tally.state.finals, 2U);
  EXPECT_THAT(tally.reasons, ElementsAre(Pair("why", 3))) << "also why it was not available";
  EXPECT_THAT(dispatcher_->take_tally().failures, IsEmpty());
}

TEST_F(DispatcherBreaker, AnAttemptThatIsNotTheLastIsNoFinalFailure) {
  start(Dispatching::options());
  add({"a"});
  answer(take_one(), Verdict::kFailed);
  EXPECT_EQ(dispatcher_->take_tally().state.finals, 0U);
}

TEST_F(DispatcherBreaker, WhatIsTriedForEverFailsForGoodWithEveryThirdAttempt) {
  auto options = Dispatching::options();
  options.dead_letter = false;
  start(options);
  add({"a"});
  for (int attempt = 1; attempt <= 6; ++attempt) {
    answer(take_one(), Verdict::kFailed);
    EXPECT_EQ(dispatcher_->take_tally().state.finals, static_cast<std::uint64_t>(attempt / 3));
    now_ += milliseconds(60'000);
  }
}

TEST_F(DispatcherBreaker, AHeldLetterDoesNotHoldUpTheGroup) {
  add({"a"});
  answer(take_one(), Verdict::kFailed);
  dispatcher_->revoke({0}, false, now_);
  const auto commit = dispatcher_->next_commit(now_);
  ASSERT_TRUE(commit);
  EXPECT_THAT(note_of(commit->offsets.at(0)).failures, ElementsAre(Pair(0, 1)));
  dispatcher_->committed(commit->token, true, now_);
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
}

}  // namespace
}  // namespace hubferry::consume

#include "folding.h"

namespace hubferry::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Fate = Applied::Fate;
using State = Breaker::State;

TEST_F(Folding, MoreFinalFailuresThanTheThresholdWithinTheWindowOverAllInstancesOpenIt) {
  join({"a", "b"});
  fail("a", 60);
  wait(seconds(5));
  fail("b", 40);
  EXPECT_EQ(now(), State::kClosed) << "100 are not more than 100";
  fail("b", 1);
  EXPECT_EQ(now(), State::kOpen);
  EXPECT_EQ(state().reason, "101 final failures within 30 s, seen by 2 instances");
  EXPECT_THAT(state().reasons, ElementsAre(Pair("HTTP 500", 101)));
  EXPECT_EQ(state().lag, 14) << "of both instances";
  EXPECT_EQ(state().since_offset, static_cast<std::int64_t>(log_.size()) - 1);
}

TEST_F(Folding, FailuresOutsideTheWindowDoNotCount) {
  config::BreakerRules only_window;
  only_window.consecutive = 0;
  rules(only_window);
  fail("a", 100);
  wait(milliseconds(30'000));
  fail("a", 1);
  EXPECT_EQ(now(), State::kClosed);
}

TEST_F(Folding, ALateRecordIsNotFresh) {
  fail("a", 60);
  fail("b", 60, seconds(31));
  EXPECT_EQ(now(), State::kClosed);
  fail("b", 41, seconds(29));
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Folding, ARepeatedRecordCountsOnce) {
  const Record tally = record("a", Tally{{{milliseconds(0), 60}}, 0, 60, false, milliseconds(0), {}, -1});
  put(tally);
  EXPECT_EQ(put(tally).fate, Fate::kRepeated);
  EXPECT_EQ(now(), State::kClosed);
}

TEST_F(Folding, AnOlderRecordOfTheSameIncarnationIsARepetition) {
  const Record first = record("a", Tally{{{milliseconds(0), 60}}, 0, 60, false, milliseconds(0), {}, -1});
  const Record second = record("a", Tally{{{milliseconds(0), 60}}, 0, 60, false, milliseconds(0), {}, -1});
  put(second);
  EXPECT_EQ(put(first).fate, Fate::kRepeated);
}

TEST_F(Folding, TimeThatStepsBackDoesNotBringOldFailuresBack) {
  config::BreakerRules only_window;
  only_window.consecutive = 0;
  rules(only_window);
  fail("a", 100);
  wait(seconds(40));
  join({"b"});
  wait(-seconds(39));
  fail("a", 1);
  EXPECT_EQ(now(), State::kClosed);
}

TEST_F(Folding, ManyFinalFailuresInARowOpenASlowRoute) {
  join({"a"});
  for (int i = 0; i < 24; ++i) {
    wait(seconds(40));
    fail("a", 1);
  }
  EXPECT_EQ(now(), State::kClosed);
  wait(seconds(40));
  fail("a", 1);
  EXPECT_EQ(now(), State::kOpen);
  EXPECT_EQ(state().reason, "25 final failures in a row without a success, seen by 1 instance");
}

TEST_F(Folding, ASuccessAnywhereEndsARun) {
  for (int i = 0; i < 24; ++i) fail("a", 1);
  wait(seconds(20));
  succeed("b", 1);
  fail("a", 24);
  EXPECT_EQ(now(), State::kClosed);
  EXPECT_EQ(state().run, 24U);
}

TEST_F(Folding, ARunIsBelievedOnlyWhenOthersHadTheTimeToObject) {
  fail("a", 30);
  EXPECT_EQ(now(), State::kClosed);
  wait(milliseconds(9'999));
  fail("a", 1);
  EXPECT_EQ(now(), State::kClosed);
  wait(milliseconds(1));
  fail("a", 1);
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Folding, AHandlerThatIsNotAvailableForTooLongOpensIt) {
  join({"a"});
  unavailable("a", seconds(60));
  EXPECT_EQ(now(), State::kClosed);
  unavailable("a", milliseconds(60'001));
  EXPECT_EQ(now(), State::kOpen);
  EXPECT_EQ(state().reason, "the handler was not available for more than 60 s, seen by 1 instance");
}

TEST_F(Folding, TheTimeBeforeItClosedIsNoTimeWithoutHandler) {
  join({"a"});
  open();
  put("a", Close{"somebody"});
  wait(seconds(10));
  join({"a"});
  unavailable("a", seconds(600));
  EXPECT_EQ(now(), State::kClosed);
}

TEST_F(Folding, AQuorumKeepsOneBadInstanceFromStoppingAll) {
  config::BreakerRules two;
  two.quorum = 2;
  rules(two);
  join({"a", "b", "c"});
  fail("a", 500);
  EXPECT_EQ(now(), State::kClosed);
  fail("b", 9);
  EXPECT_EQ(now(), State::kClosed) << "less than a tenth of the threshold is no witness";
  fail("b", 1);
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Folding, WhoSucceedsInMostIsNoWitness) {
  config::BreakerRules two;
  two.quorum = 2;
  rules(two);
  join({"a", "b"});
  put("b", Tally{{{milliseconds(0), 20}}, 181, 0, false, milliseconds(0), {}, -1});
  fail("a", 500);
  EXPECT_EQ(now(), State::kClosed);
  put("b", Tally{{{milliseconds(0), 5}}, 1, 0, false, milliseconds(0), {}, -1});
  EXPECT_EQ(now(), State::kOpen) << "now a tenth of what b did has failed";
}

TEST_F(Folding, WhoSucceededUntilNowIsAWitnessWhenEverythingFails) {
  config::BreakerRules two;
  two.quorum = 2;
  rules(two);
  join({"a", "b"});
  succeed("b", 30'000);
  fail("a", 500);
  fail("b", 9);
  EXPECT_EQ(now(), State::kClosed);
  fail("b", 1);
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Folding, WithoutAQuorumOnlyTheNumberCounts) {
  succeed("a", 30'000);
  put("a", Tally{{{milliseconds(0), 101}}, 1, 0, false, milliseconds(0), {}, -1});
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Folding, AQuorumIsNotMoreThanThereIs) {
  config::BreakerRules two;
  two.quorum = 2;
  rules(two);
  join({"a", "b"});
  wait(Fold::kLease);
  join({"a"});
  fail("a", 101);
  EXPECT_EQ(now(), State::kOpen) << "b was silent for its lease";
}

TEST_F(Folding, ARestartedInstanceIsNotTwoWitnesses) {
  config::BreakerRules two;
  two.quorum = 2;
  two.unavailable_for = seconds(10);
  rules(two);
  join({"a", "b"});
  unavailable("a", seconds(11));
  Record again = record("a", Alive{{kBreaker}});
  again.author.incarnation = 77;
  put(again);
  EXPECT_EQ(fold_.alive(kBreaker), 2U);
  again = record("a", Tally{{}, 0, 0, true, seconds(11), {}, -1});
  again.author.incarnation = 77;
  put(again);
  EXPECT_EQ(now(), State::kClosed);
}

TEST_F(Folding, WhatAnInstanceSaidBeforeItsRestartIsOver) {
  join({"a", "b"});
  unavailable("a", seconds(50));
  Record again = record("a", Alive{{kBreaker}});
  again.author.incarnation = 77;
  put(again);
  wait(seconds(11));
  succeed("b", 1);
  EXPECT_EQ(now(), State::kClosed);
}

TEST_F(Folding, RecordsOfAnotherGenerationChangeNothing) {
  open();
  put("a", Close{"somebody"});
  Record late = record("a", Tally{{{milliseconds(0), 500}}, 0, 500, false, milliseconds(0), {}, -1});
  late.generation = 1;
  const Applied applied = put(late);
  EXPECT_EQ(applied.fate, Fate::kRefused);
  EXPECT_THAT(applied.reason, HasSubstr("generation 1"));
  EXPECT_EQ(now(), State::kClosed);
}

TEST_F(Folding, TheFirstClaimTellsPeopleAndAnotherOnlyWhenItIsSilent) {
  open();
  EXPECT_EQ(put("a", NotifyClaim{hash('a'), seconds(100)}).fate, Fate::kTaken);
  EXPECT_EQ(put("b", NotifyClaim{hash('b'), seconds(100)}).fate, Fate::kRefused);
  wait(seconds(50));
  EXPECT_EQ(put("a", NotifyClaim{"", seconds(0)}).fate, Fate::kTaken) << "renewed";
  wait(seconds(59));
  EXPECT_EQ(put("b", NotifyClaim{hash('b'), seconds(100)}).fate, Fate::kRefused);
  wait(seconds(1));
  EXPECT_EQ(put("b", NotifyClaim{hash('b'), seconds(100)}).fate, Fate::kTaken);
  EXPECT_EQ(put("a", Notified{}).fate, Fate::kRefused);
  EXPECT_EQ(put("b", Notified{}).fate, Fate::kTaken);
  wait(seconds(600));
  EXPECT_EQ(put("a", NotifyClaim{hash('c'), seconds(100)}).fate, Fate::kRefused) << "people were told";
}

class Resuming : public Folding {
 protected:
  Resuming() {
    join({"a", "b"});
    open();
    put("a", NotifyClaim{hash('a'), seconds(100)});
  }
  Applied follow(char digit) { return put("b", Resume{Resume::Way::kLink, hash(digit), "somebody"}); }
};

TEST_F(Resuming, ALinkResumesOnce) {
  EXPECT_EQ(follow('a').fate, Fate::kTaken);
  EXPECT_EQ(now(), State::kHalfOpen);
  put("b", ProbeClaim{3});
  put("b", ProbeResult{true, 5, ""});
  EXPECT_EQ(now(), State::kClosed);
  open();
  EXPECT_THAT(follow('a').reason, HasSubstr("used already"));
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Resuming, AForgedLinkIsRefused) {
  EXPECT_THAT(follow('f').reason, HasSubstr("not known"));
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Resuming, AnExpiredLinkIsRefused) {
  wait(seconds(100));
  EXPECT_THAT(follow('a').reason, HasSubstr("expired"));
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Resuming, ALinkOfAnEarlierOpeningIsRefused) {
  put("b", Resume{Resume::Way::kOperator, "", "somebody"});
  put("b", ProbeClaim{3});
  put("b", ProbeResult{false, 0, "HTTP 500"});
  ASSERT_EQ(now(), State::kOpen);
  EXPECT_EQ(state().generation, 2U);
  EXPECT_EQ(state().incident, 1U) << "it is the same incident";
  EXPECT_FALSE(state().notified) << "with a link of its own";
  EXPECT_THAT(follow('a').reason, HasSubstr("earlier opening"));
  Record with_old_generation = record("b", Resume{Resume::Way::kLink, hash('a'), "somebody"});
  with_old_generation.generation = 1;
  EXPECT_THAT(put(with_old_generation).reason, HasSubstr("earlier opening"));
  EXPECT_EQ(now(), State::kOpen);
}

TEST_F(Resuming, TheFirstProberTriesAndAnotherOnlyWhenItIsSilent) {
  follow('a');
  EXPECT_EQ(put("a", ProbeClaim{0}).fate, Fate::kTaken);
  EXPECT_EQ(put("b", ProbeClaim{1}).fate, Fate::kRefused);
  EXPECT_EQ(put("b", ProbeResult{true, 5, ""}).fate, Fate::kRefused);
  wait(Fold::kLease);
  join({"b"});
  EXPECT_EQ(put("b", ProbeClaim{1}).fate, Fate::kTaken);
  EXPECT_EQ(state().prober->partition, 1);
  EXPECT_EQ(put("a", ProbeResult{true, 5, ""}).fate, Fate::kRefused);
}

TEST_F(Resuming, AProberThatCannotGoOnLeavesItToTheOthers) {
  follow('a');
  put("a", ProbeClaim{0});
  put("a", ProbeClaim{-1});
  EXPECT_EQ(put("b", ProbeClaim{1}).fate, Fate::kTaken);
}

TEST_F(Resuming, SuccessClosesItInANewGeneration) {
  follow('a');
  put("a", ProbeClaim{0});
  put("a", ProbeResult{true, 5, ""});
  EXPECT_EQ(now(), State::kClosed);
  EXPECT_EQ(state().generation, 2U);
  EXPECT_EQ(state().failed_probes, 0U);
}

TEST_F(Resuming, WithoutACoolDownNobodyResumesByItself) {
  wait(seconds(100'000));
  EXPECT_EQ(put("a", Resume{Resume::Way::kCoolDown, "", "a"}).fate, Fate::kRefused);
}

TEST_F(Resuming, TheCoolDownDoublesWithEachFailedTry) {
  config::BreakerRules cool;
  cool.cool_down = seconds(60);
  rules(cool);
  const auto resume = [this] { return put("a", Resume{Resume::Way::kCoolDown, "", "a"}).fate; };
  wait(milliseconds(59'999));
  EXPECT_EQ(resume(), Fate::kRefused);
  wait(milliseconds(1));
  EXPECT_EQ(resume(), Fate::kTaken);
  put("a", ProbeClaim{0});
  put("a", ProbeResult{false, 0, "HTTP 500"});
  wait(seconds(119));
  EXPECT_EQ(resume(), Fate::kRefused);
  wait(seconds(1));
  EXPECT_EQ(resume(), Fate::kTaken);
}

TEST_F(Resuming, APersonClosesItWithoutATry) {
  EXPECT_EQ(put("a", Close{"somebody"}).fate, Fate::kTaken);
  EXPECT_EQ(now(), State::kClosed);
  EXPECT_EQ(put("a", Close{"somebody"}).fate, Fate::kRefused);
}

TEST_F(Resuming, NothingIsCountedWhileItIsOpen) {
  fail("a", 1'000);
  put("b", Close{"somebody"});
  fail("a", 100);
  EXPECT_EQ(now(), State::kClosed);
}

}  // namespace
}  // namespace hubferry::control

#include "members.h"

namespace hubferry::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using Kind = Permit::Kind;
using State = Breaker::State;

TEST_F(Members, SayThatTheyAreThereAndWhatTheRulesAre) {
  join("a");
  join("b");
  EXPECT_EQ(count<Alive>(), 2U);
  EXPECT_EQ(count<SetRules>(), 1U) << "the second one finds them as it wants them";
}

TEST_F(Members, WithOtherRulesSayTheirOwn) {
  join("a");
  rules_.threshold = 7;
  const Member& b = join("b");
  EXPECT_EQ(state(b).rules.threshold, 7U);
}

TEST_F(Members, AreSilentWhenNothingHappens) {
  join("a");
  const std::size_t before = log_.size();
  wait(seconds(1'000));
  EXPECT_EQ(log_.size(), before);
}

TEST_F(Members, SayTheyAreThereForAQuorum) {
  rules_.quorum = 2;
  join("a");
  const Member& b = join("b");
  wait(seconds(100));
  EXPECT_EQ(b.fold().alive(kBreaker), 2U);
  EXPECT_THAT(log_, SizeIs(testing::Lt(30U)));
}

TEST_F(Members, KnowNothingBeforeTheLogWasReadToItsEnd) {
  Member member(options("a"), Rules{{kBreaker, rules_}});
  member.begin(0, now_);
  EXPECT_FALSE(member.permit(kBreaker));
  EXPECT_FALSE(member.next_record(now_));
  member.reached_end(now_);
  EXPECT_EQ(member.permit(kBreaker)->kind, Kind::kClosed);
}

TEST_F(Members, TellFailuresAtOnceAndThenEveryFiveSeconds) {
  Member& a = join("a");
  fail(a, 1, 1);
  settle();
  EXPECT_EQ(count<Tally>(), 1U);
  EXPECT_EQ(a.permit(kBreaker)->released, 1U);
  fail(a, 1, 2);
  wait(milliseconds(4'900));
  EXPECT_EQ(count<Tally>(), 1U);
  EXPECT_EQ(a.permit(kBreaker)->released, 1U) << "the second one must not die yet";
  wait(milliseconds(100));
  EXPECT_EQ(count<Tally>(), 2U);
  EXPECT_EQ(a.permit(kBreaker)->released, 2U);
}

TEST_F(Members, TellFailuresEarlierWhenTheyCouldOpenIt) {
  Member& a = join("a");
  fail(a, 1, 1);
  settle();
  fail(a, 100, 101);
  wait(milliseconds(900));
  EXPECT_EQ(state(a).state, State::kClosed);
  wait(milliseconds(100));
  EXPECT_EQ(state(a).state, State::kOpen);
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kOpen);
  EXPECT_EQ(a.permit(kBreaker)->released, 0U);
}

TEST_F(Members, ATallyThatIsTriedAgainTellsTheAgesAnew) {
  Member& a = join("a");
  fail(a, 1, 1);
  const auto first = a.next_record(now_);
  ASSERT_TRUE(first);
  EXPECT_THAT(std::get<Tally>(first->body).failures, ElementsAre(Pair(milliseconds(0), 1)));
  a.append_failed(now_);
  now_ += seconds(12);
  const auto again = a.next_record(now_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->author, first->author);
  EXPECT_THAT(std::get<Tally>(again->body).failures, ElementsAre(Pair(seconds(12), 1)));
}

TEST_F(Members, WhoSucceedsObjectsToTheRunOfAnother) {
  Member& a = join("a");
  Member& b = join("b");
  fail(a, 30, 30);
  settle();
  RouteTally good;
  good.succeeded(1);
  b.tally(kBreaker, good, now_);
  wait(seconds(20));
  EXPECT_EQ(state(a).state, State::kClosed);
  EXPECT_EQ(state(a).run, 0U);
}

TEST_F(Members, OldSuccessesAreNoObjection) {
  Member& a = join("a");
  Member& b = join("b");
  RouteTally good;
  good.succeeded(1'000);
  b.tally(kBreaker, good, now_);
  wait(seconds(60));
  for (std::uint64_t i = 1; i <= 40; ++i) {
    fail(a, 1, i);
    wait(seconds(1));
  }
  EXPECT_EQ(state(a).state, State::kOpen);
}

TEST_F(Members, AFailureReasonOfAnyBytesCanBeRead) {
  Member& a = join("a");
  RouteTally tally;
  tally.failed(now_, "HTTP 500: \xff\xfe \xc3\xa4" + std::string(1'000, 'x'));
  a.tally(kBreaker, tally, now_);
  const auto record = a.next_record(now_);
  ASSERT_TRUE(record);
  const auto read = decode(encode(*record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(std::get<Tally>(read->body).reasons.at(0).first, testing::StartsWith("HTTP 500: ?? \xc3\xa4x"));
}

TEST_F(Members, OneTellsPeopleAndTheOthersDoNot) {
  Member& a = join("a");
  Member& b = join("b");
  open(a);
  wait(seconds(2));
  const auto first = a.next_notice(now_);
  const auto second = b.next_notice(now_);
  EXPECT_NE(first.has_value(), second.has_value());
  Member& teller = first ? a : b;
  teller.noticed(kBreaker, 1, true, now_);
  wait(seconds(200));
  EXPECT_TRUE(state(a).notified);
  EXPECT_FALSE(a.next_notice(now_));
  EXPECT_FALSE(b.next_notice(now_));
}

TEST_F(Members, AnAttemptToTellPeopleNeedsAFreshClaim) {
  Member& a = join("a");
  open(a);
  wait(seconds(2));
  ASSERT_EQ(count<NotifyClaim>(), 1U);
  now_ += Member::kNoticeMayTake;
  EXPECT_FALSE(a.next_notice(now_)) << "another could be about to take over when it ends";
  settle();
  EXPECT_EQ(count<NotifyClaim>(), 2U) << "renewed";
  EXPECT_TRUE(a.next_notice(now_));
}

TEST_F(Members, WhoCouldNotTellPeopleTriesAgain) {
  Member& a = join("a");
  open(a);
  wait(seconds(2));
  ASSERT_TRUE(a.next_notice(now_));
  a.noticed(kBreaker, 1, false, now_);
  EXPECT_FALSE(a.next_notice(now_));
  wait(seconds(11));
  const auto again = a.next_notice(now_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->token, "secret") << "the link of the first attempt";
  EXPECT_EQ(a.statistics().notice_failures, 1U);
}

TEST_F(Members, AnotherTakesOverFromATellerThatIsGone) {
  Member& a = join("a");
  open(a);
  wait(seconds(2));
  ASSERT_TRUE(a.next_notice(now_));
  members_.clear();
  Member& b = join("b");
  wait(seconds(59));
  EXPECT_FALSE(b.next_notice(now_));
  wait(seconds(10));
  EXPECT_TRUE(b.next_notice(now_));
}

TEST_F(Members, WhoeverHasAnEventTriesTheHandler) {
  Member& a = join("a");
  Member& b = join("b");
  open(a);
  a.command({Command::Kind::kResume, kBreaker, "somebody", "", ""});
  RouteTally ready;
  ready.state.candidate = 3;
  b.tally(kBreaker, ready, now_);
  wait(seconds(2));
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kOpen);
  const auto permit = b.permit(kBreaker);
  EXPECT_EQ(permit->kind, Kind::kProbe);
  EXPECT_EQ(permit->partition, 3);
  EXPECT_EQ(permit->events, 5U);
  ready.state.probe_generation = 1;
  ready.state.probe_done = 5;
  b.tally(kBreaker, ready, now_);
  settle();
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kClosed);
  EXPECT_EQ(a.permit(kBreaker)->generation, 2U);
}

TEST_F(Members, WithFewerEventsThanAskedForATryEndsAfterAWhile) {
  Member& a = join("a");
  open(a);
  a.command({Command::Kind::kResume, kBreaker, "somebody", "", ""});
  RouteTally route;
  route.state.candidate = 0;
  a.tally(kBreaker, route, now_);
  wait(seconds(2));
  route.state.probe_generation = 1;
  route.state.probe_done = 1;
  route.state.probe_idle = true;
  a.tally(kBreaker, route, now_);
  wait(milliseconds(4'900));
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kProbe);
  wait(milliseconds(300));
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kClosed);
}

TEST_F(Members, WhoLosesThePartitionLeavesTheTryToAnother) {
  Member& a = join("a");
  Member& b = join("b");
  open(a);
  a.command({Command::Kind::kResume, kBreaker, "somebody", "", ""});
  RouteTally route;
  route.state.candidate = 0;
  a.tally(kBreaker, route, now_);
  wait(seconds(2));
  ASSERT_EQ(a.permit(kBreaker)->kind, Kind::kProbe);
  route.state.probe_generation = 1;
  route.state.probe_lost = true;
  route.state.candidate = -1;
  a.tally(kBreaker, route, now_);
  RouteTally other;
  other.state.candidate = 0;
  b.tally(kBreaker, other, now_);
  wait(seconds(2));
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kOpen);
  EXPECT_EQ(b.permit(kBreaker)->kind, Kind::kProbe);
}

TEST_F(Members, ACoolDownResumesWithoutAPerson) {
  rules_.cool_down = seconds(30);
  Member& a = join("a");
  open(a);
  wait(seconds(29));
  EXPECT_EQ(state(a).state, State::kOpen);
  wait(seconds(3));
  EXPECT_EQ(state(a).state, State::kHalfOpen);
}

TEST_F(Members, CommandsAreAnsweredWithWhatBecameOfThem) {
  Member& a = join("a");
  const auto first = a.command({Command::Kind::kOpen, kBreaker, "somebody", "", ""});
  const auto second = a.command({Command::Kind::kOpen, kBreaker, "somebody", "", ""});
  const auto third = a.command({Command::Kind::kResumeByLink, kBreaker, "a link", "", std::string(64, 'f')});
  settle();
  const auto answers = a.take_answers();
  ASSERT_THAT(answers, SizeIs(3));
  EXPECT_EQ(answers[0].ticket, first);
  EXPECT_TRUE(answers[0].done);
  EXPECT_EQ(answers[1].ticket, second);
  EXPECT_EQ(answers[1].trouble, "it is open already");
  EXPECT_EQ(answers[2].ticket, third);
  EXPECT_THAT(answers[2].trouble, testing::HasSubstr("not known"));
}

TEST_F(Members, ACommandDoesNotReachALogThatBeganAnew) {
  Member& a = join("a");
  Member& b = join("b");
  open(a);
  const auto under_way = a.command({Command::Kind::kClose, kBreaker, "somebody", "", ""});
  ASSERT_TRUE(a.next_record(now_));  // and never stored
  const auto waiting = a.command({Command::Kind::kClose, kBreaker, "somebody", "", ""});
  a.take_answers();
  log_.clear();
  for (Each& each : members_) {
    each.position = 0;
    each.member->begin(0, now_);
  }
  const auto answers = a.take_answers();
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].ticket, under_way);
  EXPECT_EQ(answers[1].ticket, waiting);
  EXPECT_FALSE(answers[0].done || answers[1].done);
  wait(seconds(60));
  EXPECT_EQ(count<Close>(), 0U);
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kOpen);
  EXPECT_EQ(b.permit(kBreaker)->kind, Kind::kOpen);
}

TEST_F(Members, ACancelledCommandIsNotTriedAgain) {
  Member& a = join("a");
  open(a);
  const auto ticket = a.command({Command::Kind::kClose, kBreaker, "somebody", "", ""});
  ASSERT_TRUE(a.next_record(now_));  // and never stored
  a.cancel(ticket);
  wait(seconds(60));
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kOpen);
}

TEST_F(Members, WhatATallyCountedIsToldToALogThatBeganAnew) {
  Member& a = join("a");
  fail(a, 1, 1);
  ASSERT_TRUE(a.next_record(now_));  // and never stored
  log_.clear();
  members_[0].position = 0;
  a.begin(0, now_);
  wait(seconds(6));
  EXPECT_EQ(a.permit(kBreaker)->released, 1U);
  EXPECT_EQ(state(a).failures(time_ms()), 1U);
}

TEST_F(Members, WhoeverAsksForASnapshotGetsOne) {
  Member& a = join("a");
  open(a);
  const auto cut = static_cast<std::int64_t>(log_.size());
  const Member& late = join("late", cut);
  wait(seconds(3));
  EXPECT_EQ(count<WantSnapshot>(), 1U);
  EXPECT_EQ(count<Snapshot>(), 1U);
  ASSERT_TRUE(late.fold().known());
  EXPECT_EQ(late.permit(kBreaker)->kind, Kind::kOpen);
}

TEST_F(Members, ALogWithoutAnybodyWhoKnowsItBeginsAnew) {
  join("a");
  const auto cut = static_cast<std::int64_t>(log_.size());
  members_.clear();
  const Member& late = join("late", cut);
  EXPECT_FALSE(late.permit(kBreaker));
  wait(seconds(100));
  ASSERT_TRUE(late.permit(kBreaker));
  EXPECT_EQ(late.permit(kBreaker)->kind, Kind::kClosed);
}

TEST_F(Members, WriteASnapshotNowAndThen) {
  join("a");
  wait(std::chrono::hours(1) + seconds(61));
  EXPECT_EQ(count<Snapshot>(), 1U);
  wait(std::chrono::hours(1) + seconds(61));
  EXPECT_EQ(count<Snapshot>(), 2U);
}

TEST_F(Members, WhatIsOpenStaysOpenWhenTheLogBeginsAnew) {
  Member& a = join("a");
  open(a);
  log_.clear();
  members_[0].position = 0;
  a.begin(0, now_);
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kOpen) << "also before it was read";
  settle();
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kOpen);
  EXPECT_EQ(state(a).state, State::kOpen) << "and the new log says so";
  a.command({Command::Kind::kClose, kBreaker, "somebody", "", ""});
  settle();
  EXPECT_EQ(a.permit(kBreaker)->kind, Kind::kClosed);
}

}  // namespace
}  // namespace hubferry::control

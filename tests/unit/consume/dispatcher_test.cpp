#include "dispatching.h"

namespace hubferry::consume {
namespace {

using deliver::Delivery;
using deliver::Verdict;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DispatcherTest : public Dispatching {
 protected:
  void SetUp() override { start(options()); }
};

TEST_F(DispatcherTest, EventsOfAKeyGoOneAfterAnother) {
  add({"a", "b", "a", "c", "b"});
  EXPECT_THAT(take_all(), ElementsAre(0, 1, 3));
  answer(taken_[0]);
  EXPECT_THAT(take_all(), ElementsAre(2));
}

TEST_F(DispatcherTest, EventsWithoutAKeyDoNotWaitForEachOther) {
  for (int i = 0; i < 3; ++i) dispatcher_->add(record(i, std::nullopt), now_);
  EXPECT_THAT(take_all(), ElementsAre(0, 1, 2));
}

TEST_F(DispatcherTest, OrderPartitionIsStrict) {
  auto options = Dispatching::options();
  options.order = config::Order::kPartition;
  start(options);
  add({"a", "b"});
  assign(1);
  dispatcher_->add(record(0, "a", 1), now_);
  EXPECT_THAT(take_all(), ElementsAre(0, 0)) << "partitions do not wait for each other";
}

TEST_F(DispatcherTest, OrderNoneLetsAllGoAtOnce) {
  auto options = Dispatching::options();
  options.order = config::Order::kNone;
  start(options);
  add({"a", "a", "a"});
  EXPECT_THAT(take_all(), SizeIs(3));
}

TEST_F(DispatcherTest, ConcurrencyBoundsTheRequests) {
  auto options = Dispatching::options();
  options.concurrency = 2;
  start(options);
  add({"a", "b", "c"});
  EXPECT_THAT(take_all(), SizeIs(2));
  EXPECT_EQ(dispatcher_->in_flight(), 2U);
  answer(taken_[1]);
  EXPECT_THAT(take_all(), ElementsAre(2));
}

TEST_F(DispatcherTest, PartitionsTakeTurns) {
  auto options = Dispatching::options();
  options.concurrency = 1;
  start(options);
  assign(1);
  add({"a", "b"});
  for (int i = 0; i < 2; ++i) dispatcher_->add(record(i, i == 0 ? "c" : "d", 1), now_);
  std::vector<std::int32_t> served;
  for (int i = 0; i < 4; ++i) {
    const Delivery delivery = take_one();
    served.push_back(delivery.id.partition);
    answer(delivery);
  }
  EXPECT_THAT(served, ElementsAre(0, 1, 0, 1));
}

TEST_F(DispatcherTest, RoomIsBoundedInEventsAndBytes) {
  auto options = Dispatching::options();
  options.buffer_events = 4;
  options.buffer_bytes = 30;
  start(options);
  assign(1);
  EXPECT_EQ(dispatcher_->room(0), 4U);
  add({"a", "a"});
  EXPECT_EQ(dispatcher_->room(0), 2U);
  add({"a"});
  EXPECT_EQ(dispatcher_->room(0), 0U) << "33 bytes of 30";
  EXPECT_EQ(dispatcher_->room(1), 1U) << "one event always: the partition must not stand still";
  answer(take_one());
  EXPECT_EQ(dispatcher_->room(0), 2U);
  EXPECT_EQ(dispatcher_->room(7), 0U) << "not assigned";
}

TEST_F(DispatcherTest, RoomComesInPieces) {
  auto options = Dispatching::options();
  options.buffer_events = 32;
  start(options);
  assign(1);
  add(std::vector<std::string_view>(30, "a"));
  EXPECT_EQ(dispatcher_->room(0), 2U);
  add({"a"});
  EXPECT_EQ(dispatcher_->room(0), 0U) << "one of 32 is not worth a fetch";
  answer(take_one());
  EXPECT_EQ(dispatcher_->room(0), 2U);
}

TEST_F(DispatcherTest, TheRateLimitBoundsDeliveriesPerSecond) {
  auto options = Dispatching::options();
  options.rate_limit = 20;
  options.order = config::Order::kNone;
  start(options);
  add(std::vector<std::string_view>(100, "k"));
  const Instant begin = now_;
  std::size_t delivered = take_all().size();
  answer_all();
  while (now_ < begin + milliseconds(1'000)) {
    advance_to_due();
    delivered += take_all().size();
    answer_all();
  }
  EXPECT_GE(delivered, 20U);
  EXPECT_LE(delivered, 23U) << "a burst of a tenth of a second is allowed";
}

TEST_F(DispatcherTest, PausedItDeliversNothingAndGoesOnAfterwards) {
  add({"a"});
  dispatcher_->pause();
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_FALSE(dispatcher_->next_due()) << "nothing to wake for";
  dispatcher_->resume();
  EXPECT_THAT(take(), SizeIs(1));
}

TEST_F(DispatcherTest, AFailingEventHoldsUpItsKeyOnly) {
  add({"a", "a", "b"});
  const Delivery first = take_one();
  answer(first, Verdict::kFailed);
  EXPECT_THAT(take_all(), ElementsAre(2));
}

TEST_F(DispatcherTest, ARetryWaitsForItsCountToBeCommitted) {
  add({"a"});
  answer(take_one(), Verdict::kFailed);
  now_ += milliseconds(60'000);
  EXPECT_THAT(take(), IsEmpty());
  const auto commit = dispatcher_->next_commit(now_);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->offsets[0].offset, 0);
  EXPECT_EQ(note_of(commit->offsets[0]).failures, (std::map<std::int64_t, std::uint32_t>{{0, 1}}));
  EXPECT_THAT(take(), IsEmpty());
  dispatcher_->committed(commit->token, true, now_);
  const Delivery again = take_one();
  EXPECT_EQ(again.attempt, 2U);
  EXPECT_FALSE(again.last_attempt);
}

TEST_F(DispatcherTest, ARefusedCommitOfACountIsRepeatedBeforeTheRetry) {
  add({"a"});
  answer(take_one(), Verdict::kFailed);
  now_ += milliseconds(60'000);
  const auto refused = dispatcher_->next_commit(now_);
  ASSERT_TRUE(refused);
  dispatcher_->committed(refused->token, false, now_);
  EXPECT_THAT(take(), IsEmpty());
  commit();
  EXPECT_THAT(take(), SizeIs(1));
}

TEST_F(DispatcherTest, AfterTheLastAttemptTheEventGoesToTheDeadLetterTopic) {
  add({"a", "a"});
  for (std::uint32_t attempt = 1; attempt < 3; ++attempt) fail(take_one());
  const Delivery last = take_one();
  EXPECT_TRUE(last.last_attempt);
  answer(last, Verdict::kFailed);
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->id.offset, 0);
  EXPECT_EQ(letter->attempts, 3U);
  EXPECT_EQ(letter->reason, "why");
  EXPECT_THAT(take(), IsEmpty()) << "its key waits for the dead letter";
  EXPECT_EQ(dispatcher_->position(0), 0);
  dispatcher_->dead_letter_written(letter->id, {}, now_);
  EXPECT_EQ(dispatcher_->position(0), 1);
  EXPECT_EQ(take_one().id.offset, 1);
}

TEST_F(DispatcherTest, ARejectedEventIsDeadAtOnce) {
  add({"a"});
  answer(take_one(), Verdict::kRejected);
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->attempts, 1U);
}

TEST_F(DispatcherTest, WithoutADeadLetterTopicAnEventIsTriedForEver) {
  auto options = Dispatching::options();
  options.dead_letter = false;
  start(options);
  add({"a"});
  for (std::uint32_t attempt = 1; attempt < 10; ++attempt) {
    const Delivery delivery = take_one();
    EXPECT_EQ(delivery.attempt, attempt);
    EXPECT_FALSE(delivery.last_attempt);
    answer(delivery, attempt % 2 == 0 ? Verdict::kFailed : Verdict::kRejected);
    EXPECT_FALSE(dispatcher_->next_dead_letter());
    now_ += milliseconds(60'000);
  }
}

TEST_F(DispatcherTest, ADeadLetterThatCannotBeWrittenStopsItsPartitionUntilItIs) {
  assign(1);
  add({"a", "b"});
  answer(take_one(), Verdict::kRejected);
  auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  dispatcher_->dead_letter_written(letter->id, hubferry::fail(ErrorCode::kUnavailable, "topic away"), now_);
  EXPECT_THAT(dispatcher_->dead_letter_trouble().value_or(""), HasSubstr("topic away"));
  EXPECT_THAT(take(), IsEmpty());
  dispatcher_->add(record(0, "c", 1), now_);
  EXPECT_EQ(take_one().id.partition, 1) << "the other partition goes on";
  advance_to_due();
  EXPECT_THAT(take(), IsEmpty());
  letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->reason, "why");
  dispatcher_->dead_letter_written(letter->id, {}, now_);
  EXPECT_FALSE(dispatcher_->dead_letter_trouble());
  EXPECT_EQ(take_one().id.offset, 1);
}

TEST_F(DispatcherTest, AnUnavailableHandlerCostsNoAttemptsAndStopsTheRoute) {
  add({"a", "b", "c"});
  take_all();
  for (const Delivery& delivery : taken_) answer(delivery, Verdict::kUnavailable, milliseconds(5'000));
  taken_.clear();
  EXPECT_TRUE(dispatcher_->unavailable_since());
  now_ += milliseconds(4'999);
  EXPECT_THAT(take(), IsEmpty());
  now_ += milliseconds(1);
  const Delivery probe = take_one();
  EXPECT_EQ(probe.attempt, 1U);
  EXPECT_THAT(take(), IsEmpty()) << "one tries whether the handler is back";
  answer(probe);
  EXPECT_FALSE(dispatcher_->unavailable_since());
  EXPECT_THAT(take_all(), SizeIs(2));
}

TEST_F(DispatcherTest, AnEventThatAloneIsAnsweredUnavailableDoesNotStopTheOthers) {
  add({"a", "b", "c"});
  answer(take_one(), Verdict::kUnavailable);
  advance_to_due();
  EXPECT_EQ(take_one().id.offset, 1);
}

TEST_F(DispatcherTest, WhatWasUnderWayBeforeAnOutageDoesNotEndIt) {
  add({"a", "b"});
  take_all();
  answer(taken_[0], Verdict::kUnavailable, milliseconds(10'000));
  answer(taken_[1]);
  EXPECT_TRUE(dispatcher_->unavailable_since());
  add({"c"});
  now_ += milliseconds(9'999);
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(DispatcherTest, OneCommitASecondWithTheFinishedEventsAboveIt) {
  add({"a", "b", "c"});
  take_all();
  answer(taken_[1]);
  const auto first = dispatcher_->next_commit(now_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->offsets[0].offset, 0);
  EXPECT_THAT(note_of(first->offsets[0]).finished, ElementsAre(CommitNote::Run{1, 1}));
  answer(taken_[0]);
  EXPECT_FALSE(dispatcher_->next_commit(now_)) << "one at a time";
  dispatcher_->committed(first->token, true, now_);
  EXPECT_FALSE(dispatcher_->next_commit(now_ + milliseconds(999)));
  const auto second = dispatcher_->next_commit(now_ + milliseconds(1'000));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->offsets[0].offset, 2);
}

TEST_F(DispatcherTest, AFirstStartIsCommittedAtOnce) {
  dispatcher_->assign({{3, 70, {}, false}});
  const auto commit = dispatcher_->next_commit(now_);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->offsets[0].partition, 3);
  EXPECT_EQ(commit->offsets[0].offset, 70);
}

TEST_F(DispatcherTest, TheNoteOfTheLastOwnerIsObeyed) {
  CommitNote note;
  note.partitions_at_start = 8;
  note.finished = {{11, 12}, {20, 20}};
  note.failures = {{10, 2}, {13, 3}, {25, 1}};
  assign(0, 10, note);
  next_offset_ = 10;
  add({"a", "b", "c", "d"});  // 10 to 13
  const Delivery failing = take_one();
  EXPECT_EQ(failing.id.offset, 10);
  EXPECT_EQ(failing.attempt, 3U);
  EXPECT_TRUE(failing.last_attempt);
  EXPECT_THAT(take(), IsEmpty()) << "11 and 12 are finished, 13 has had its attempts";
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->id.offset, 13);
  EXPECT_EQ(letter->attempts, 3U);
  EXPECT_EQ(dispatcher_->statistics().repeats_avoided, 2U);
  // What was not read again yet is handed on.
  const CommitNote next = note_of(commit());
  EXPECT_EQ(next.partitions_at_start, 8);
  EXPECT_THAT(next.finished, ElementsAre(CommitNote::Run{11, 12}, CommitNote::Run{20, 20}));
  EXPECT_EQ(next.failures, (std::map<std::int64_t, std::uint32_t>{{10, 2}, {13, 3}, {25, 1}}));
}

TEST_F(DispatcherTest, TheNextOwnerBuriesARejectedEventWithoutDeliveringIt) {
  add({"a"});
  answer(take_one(), Verdict::kRejected);
  const auto committed = commit();
  assign(0, committed.offset, note_of(committed));
  dispatcher_->next_dead_letter();  // that of the last owner, which ended
  dispatcher_->add(record(0, "a"), now_);
  EXPECT_THAT(take(), IsEmpty());
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->attempts, 1U);
}

TEST_F(DispatcherTest, AnEventTooFarAheadOfTheCheckpointWaitsWhenItsNoteWouldNotFit) {
  auto options = Dispatching::options();
  options.order = config::Order::kNone;
  options.concurrency = 10'000;
  options.buffer_events = 1'000'000;
  start(options);
  // Every second event is not finished: the bit map is full at its span, and there are too many runs.
  add(std::vector<std::string_view>(static_cast<std::size_t>(kMostSpan + 500), "k"));
  EXPECT_THAT(take_all(), SizeIs(kMostSpan));
  const auto taken = std::exchange(taken_, {});
  for (const Delivery& delivery : taken) {
    if (delivery.id.offset % 2 == 1) answer(delivery);
  }
  EXPECT_THAT(take_all(), IsEmpty());
  EXPECT_LE(commit().metadata.size(), kMostNoteBytes);
  answer(taken[0]);
  EXPECT_THAT(take_all(), ElementsAre(kMostSpan, kMostSpan + 1));
}

TEST_F(DispatcherTest, OnePoisonedKeyDoesNotHoldUpTheOthersForLong) {
  add({"poison"});
  answer(take_one(), Verdict::kFailed);
  for (std::int64_t i = 0; i < 5 * kMostSpan; ++i) {
    add({"k"});
    answer(take_one());
  }
  EXPECT_EQ(dispatcher_->position(0), 0);
}

TEST_F(DispatcherTest, ResendsAreSkippedAndOthersAreNot) {
  std::deque<std::array<char, event::kOriginSize>> origins;
  const auto from = [&](std::int64_t offset, std::uint64_t source, std::uint64_t sequence) {
    event::Record made = record(offset, "k" + std::string());
    origins.push_back(event::encode_origin({source, sequence, 0}));
    made.key.reset();
    made.headers = {{event::kOriginHeader, std::string_view(origins.back().data(), origins.back().size())}};
    dispatcher_->add(std::move(made), now_);
  };
  assign(0, 100);
  from(98, 1, 5);  // before the checkpoint: shows what was seen
  from(99, 1, 6);
  from(100, 1, 6);
  from(101, 1, 7);
  from(102, 2, 1);
  from(103, 1, 7);
  from(104, 2, 1);
  dispatcher_->add(record(105, std::nullopt), now_);
  dispatcher_->add(record(106, std::nullopt), now_);
  EXPECT_THAT(take_all(), ElementsAre(101, 102, 105, 106));
  EXPECT_EQ(dispatcher_->statistics().resends_skipped, 3U);
  answer_all();
  EXPECT_EQ(dispatcher_->position(0), 107);
}

}  // namespace
}  // namespace hubferry::consume

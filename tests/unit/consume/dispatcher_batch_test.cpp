#include "dispatching.h"

// Handlers that take batches, parked keys, and partitions that are given up.

namespace hubferry::consume {
namespace {

using deliver::Delivery;
using deliver::Verdict;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DispatcherBatch : public Dispatching {
 protected:
  void SetUp() override {
    auto options = Dispatching::options();
    options.batch = {4, 1'000, milliseconds(10)};
    start(options);
  }
  // Longer than any backoff, and than the wait of a batch after it.
  void let_retries_come() {
    now_ += milliseconds(60'000);
    EXPECT_THAT(take(), IsEmpty());
    now_ += milliseconds(10);
  }
  static std::vector<std::int64_t> offsets(const std::vector<Delivery>& batch) {
    std::vector<std::int64_t> offsets;
    for (const Delivery& delivery : batch) offsets.push_back(delivery.id.offset);
    return offsets;
  }
};

TEST_F(DispatcherBatch, AFullBatchGoesAtOnceAndAPartOfOneAfterTheWait) {
  add({"a", "b", "c", "d", "e"});
  EXPECT_THAT(take(), SizeIs(4));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(dispatcher_->next_due(), now_ + milliseconds(10));
  advance_to_due();
  EXPECT_THAT(take(), SizeIs(1));
}

TEST_F(DispatcherBatch, EventsOfAKeyStayTogetherInTheirOrder) {
  add({"a", "a", "b", "a", "a", "a"});
  EXPECT_THAT(offsets(take()), ElementsAre(0, 1, 3, 4));
  now_ += milliseconds(10);
  EXPECT_THAT(offsets(take()), ElementsAre(2)) << "the rest of the key waits for the answers";
}

TEST_F(DispatcherBatch, ABatchIsBoundedInBytes) {
  auto options = Dispatching::options();
  options.batch = {100, 25, milliseconds(0)};
  start(options);
  add({"a", "b", "b", "b"});  // of 11 bytes each
  EXPECT_THAT(offsets(take()), ElementsAre(0, 1)) << "all keys together";
}

TEST_F(DispatcherBatch, WhatCameAfterAFailureIsDeliveredAgainInOrder) {
  add({"a", "a", "a", "a"});
  const auto batch = take();
  answer(batch[3]);
  answer(batch[0]);
  answer(batch[2]);
  answer(batch[1], Verdict::kFailed);
  EXPECT_EQ(dispatcher_->position(0), 1);
  commit();
  let_retries_come();
  const auto again = take();
  ASSERT_THAT(offsets(again), ElementsAre(1, 2, 3));
  EXPECT_EQ(again[0].attempt, 2U);
  EXPECT_EQ(again[1].attempt, 1U) << "done, but not in order";
}

TEST_F(DispatcherBatch, EachFailureOfABatchCounts) {
  add({"a", "a"});
  now_ += milliseconds(10);
  EXPECT_THAT(take_all(), ElementsAre(0, 1));
  answer_all(Verdict::kFailed);
  commit();
  let_retries_come();
  EXPECT_THAT(take_all(), ElementsAre(0));
  answer_all();
  now_ += milliseconds(10);
  ASSERT_THAT(take_all(), ElementsAre(1));
  EXPECT_EQ(taken_[0].attempt, 2U);
}

TEST_F(DispatcherBatch, EventsThatHadToWaitForAFailedOneOfTheirKeyAreNoOutage) {
  add({"a", "a", "b", "c"});
  const auto batch = take();
  answer(batch[0], Verdict::kFailed);
  answer(batch[1], Verdict::kUnavailable);
  EXPECT_FALSE(dispatcher_->unavailable_since());
  answer(batch[2], Verdict::kUnavailable);
  EXPECT_TRUE(dispatcher_->unavailable_since());
}

class DispatcherParking : public Dispatching {
 protected:
  void SetUp() override {
    auto options = Dispatching::options();
    options.parked_keys = true;
    start(options);
  }
  void bury(std::string_view key) {
    add({key});
    answer(take_one(), Verdict::kRejected);
    write_letter();
  }
  std::int64_t write_letter() {
    const auto letter = dispatcher_->next_dead_letter();
    EXPECT_TRUE(letter);
    if (!letter) return -1;
    dispatcher_->dead_letter_written(letter->id, {}, now_);
    return letter->id.offset;
  }
};

TEST_F(DispatcherParking, LaterEventsOfADeadKeyFollowIt) {
  bury("a");
  add({"a", "b", "a"});
  EXPECT_EQ(take_one().id.offset, 2);
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->id.offset, 1);
  EXPECT_EQ(letter->attempts, 0U);
  EXPECT_THAT(letter->reason, HasSubstr("parked"));
  dispatcher_->dead_letter_written(letter->id, {}, now_);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(write_letter(), 3);
}

TEST_F(DispatcherParking, TheNextOwnerKnowsTheParkedKeys) {
  bury("a");
  const auto committed = commit();
  assign(0, committed.offset, note_of(committed));
  add({"a"});
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(write_letter(), 1);
}

TEST_F(DispatcherParking, AReplayedEventEndsTheParkingOfItsKey) {
  bury("a");
  event::Record replayed = record(next_offset_++, "a");
  replayed.headers = {{deliver::kReplayedFor, "r"}};
  event::Record other = record(next_offset_, "a");
  dispatcher_->add(std::move(replayed), now_);
  dispatcher_->add(std::move(other), now_);
  const Delivery first = take_one();
  EXPECT_EQ(first.id.offset, 1);
  answer(first);
  EXPECT_EQ(take_one().id.offset, 2);
  EXPECT_EQ(dispatcher_->parked_keys(), 0U);
}

TEST_F(DispatcherParking, AReplayForAnotherRouteDoesNot) {
  bury("a");
  event::Record replayed = record(next_offset_, "a");
  replayed.headers = {{deliver::kReplayedFor, "other"}};
  dispatcher_->add(std::move(replayed), now_);
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(DispatcherParking, MoreKeysThanANoteHoldsWaitForAReplay) {
  std::deque<std::string> keys;
  for (std::size_t i = 0; i < kMostParked; ++i) bury(keys.emplace_back("k" + std::to_string(i)));
  add({"one-more", "good"});
  answer(take_one(), Verdict::kRejected);
  EXPECT_FALSE(dispatcher_->next_dead_letter());
  EXPECT_THAT(dispatcher_->dead_letter_trouble().value_or(""), HasSubstr("replay"));
  answer(take_one());
  event::Record replayed = record(next_offset_++, keys[0]);
  replayed.headers = {{deliver::kReplayedFor, "r"}};
  dispatcher_->add(std::move(replayed), now_);
  answer(take_one());
  now_ += milliseconds(60'000);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(write_letter(), static_cast<std::int64_t>(kMostParked));
  EXPECT_FALSE(dispatcher_->dead_letter_trouble());
}

class DispatcherRevoke : public Dispatching {
 protected:
  void SetUp() override { start(options()); }
  std::optional<Commit> settle() {
    auto commit = dispatcher_->next_commit(now_);
    if (commit) dispatcher_->committed(commit->token, true, now_);
    return commit;
  }
};

TEST_F(DispatcherRevoke, WorkInFlightEndsAndIsCommittedBeforeThePartitionIsLetGo) {
  assign(1);
  add({"a", "b"});
  const Delivery first = take_one();
  const Delivery second = take_one();
  dispatcher_->revoke({0}, false, now_);
  EXPECT_EQ(dispatcher_->room(0), 0U);
  EXPECT_NE(dispatcher_->room(1), 0U);
  answer(first);
  EXPECT_FALSE(dispatcher_->next_commit(now_));
  EXPECT_FALSE(dispatcher_->take_revoke_done(now_));
  answer(second);
  const auto commit = settle();
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->offsets.at(0).offset, 2);
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
  EXPECT_FALSE(dispatcher_->take_revoke_done(now_));
  EXPECT_THAT(dispatcher_->assignment(), ElementsAre(1));
}

TEST_F(DispatcherRevoke, AtTheDeadlineWhatIsAtTheHandlerCountsAsTriedAndIsLeftToTheNextOwner) {
  add({"a", "b"});
  const Delivery hanging = take_one();
  const Delivery done = take_one();
  dispatcher_->revoke({0}, false, now_);
  answer(done);
  now_ += milliseconds(5'000);
  const auto commit = settle();
  ASSERT_TRUE(commit);
  const CommitNote note = note_of(commit->offsets.at(0));
  EXPECT_EQ(commit->offsets.at(0).offset, 0);
  EXPECT_EQ(note.failures, (std::map<std::int64_t, std::uint32_t>{{0, 1}}));
  EXPECT_THAT(note.finished, ElementsAre(CommitNote::Run{1, 1}));
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
  answer(hanging);
  EXPECT_EQ(dispatcher_->in_flight(), 0U);
}

TEST_F(DispatcherRevoke, TheLastAttemptIsNeverTakenByADeadline) {
  assign(0, 0, CommitNote{0, {}, {{0, 2}}, {}});
  add({"a"});
  EXPECT_TRUE(take_one().last_attempt);
  dispatcher_->revoke({0}, false, now_);
  now_ += milliseconds(5'000);
  const auto commit = settle();
  ASSERT_TRUE(commit);
  EXPECT_EQ(note_of(commit->offsets.at(0)).failures, (std::map<std::int64_t, std::uint32_t>{{0, 2}}));
}

TEST_F(DispatcherRevoke, NothingElseIsCommittedMeanwhile) {
  assign(1);
  dispatcher_->add(record(0, "x", 1), now_);
  add({"a"});
  take_all();
  dispatcher_->revoke({0}, false, now_);
  for (const Delivery& delivery : taken_) {
    if (delivery.id.partition == 1) answer(delivery);
  }
  now_ += milliseconds(2'000);
  EXPECT_FALSE(dispatcher_->next_commit(now_));
}

TEST_F(DispatcherRevoke, AFailedCommitDoesNotHoldUpTheGroup) {
  add({"a"});
  answer(take_one());
  dispatcher_->revoke({0}, false, now_);
  const auto commit = dispatcher_->next_commit(now_);
  ASSERT_TRUE(commit);
  EXPECT_FALSE(dispatcher_->take_revoke_done(now_));
  dispatcher_->committed(commit->token, false, now_);
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
}

TEST_F(DispatcherRevoke, LostPartitionsAreGivenUpAtOnce) {
  add({"a"});
  const Delivery delivery = take_one();
  dispatcher_->revoke({0}, true, now_);
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
  EXPECT_THAT(dispatcher_->assignment(), IsEmpty());
  answer(delivery);
  EXPECT_FALSE(dispatcher_->next_commit(now_));
}

TEST_F(DispatcherRevoke, AnswersForAnOldAssignmentChangeNothing) {
  add({"a"});
  const Delivery old = take_one();
  dispatcher_->revoke({0}, true, now_);
  dispatcher_->take_revoke_done(now_);
  assign(0);
  dispatcher_->add(record(0, "a"), now_);
  answer(old);
  EXPECT_EQ(dispatcher_->position(0), 0);
  EXPECT_EQ(take_one().id.offset, 0);
}

TEST_F(DispatcherRevoke, ADeadLetterUnderWayIsAwaited) {
  add({"a"});
  answer(take_one(), Verdict::kRejected);
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  dispatcher_->revoke({0}, false, now_);
  EXPECT_FALSE(dispatcher_->take_revoke_done(now_));
  dispatcher_->dead_letter_written(letter->id, {}, now_);
  const auto commit = settle();
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->offsets.at(0).offset, 1);
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
}

TEST_F(DispatcherRevoke, ADeadLetterUnderWayIsAwaitedWhenItsCountIsCommittedAlready) {
  add({"a"});
  answer(take_one(), Verdict::kRejected);
  const auto letter = dispatcher_->next_dead_letter();
  ASSERT_TRUE(letter);
  settle();
  dispatcher_->revoke({0}, false, now_);
  EXPECT_FALSE(dispatcher_->take_revoke_done(now_));
  dispatcher_->dead_letter_written(letter->id, {}, now_);
  settle();
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
}

TEST_F(DispatcherRevoke, StoppingDeliversNothingNewAndShortensTheDeadline) {
  add({"a", "b"});
  const Delivery hanging = take_one();
  dispatcher_->stop(now_ + milliseconds(100));
  EXPECT_THAT(take(), IsEmpty());
  dispatcher_->revoke({0}, false, now_);
  now_ += milliseconds(100);
  settle();
  EXPECT_TRUE(dispatcher_->take_revoke_done(now_));
  answer(hanging);
}

}  // namespace
}  // namespace hubferry::consume

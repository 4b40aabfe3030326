#include "kafka/join_watch.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

namespace hubferry::kafka {
namespace {

constexpr int kFetch = 1;
constexpr int kMetadata = 3;
constexpr int kOffsetCommit = 8;
constexpr int kHeartbeat = 12;

class JoinWatchTest : public ::testing::Test {
 protected:
  // Far enough from now that no moment after an answer still lasts.
  bool passes() {
    bool sent = false;
    const bool passed = watch_.pass(SteadyClock::now() + std::chrono::hours(1), [&] { sent = true; });
    EXPECT_EQ(passed, sent);
    return passed;
  }
  void changes(const std::string& from, const std::string& to) {
    watch_.state_changed("Group \"billing\" changed join state " + from + " -> " + to + " (state up)");
  }
  bool passes_now() {
    return watch_.pass(SteadyClock::now(), [] {});
  }

  Wakeup bell_;
  JoinWatch watch_{bell_};
};

// Up to a second lies between the decision and the request.
TEST_F(JoinWatchTest, LastsFromTheDecisionToJoinUntilTheAssignment) {
  EXPECT_TRUE(passes());
  changes("wait-assign-call", "steady");
  EXPECT_TRUE(passes());
  changes("steady", "init");
  EXPECT_FALSE(passes());
  EXPECT_FALSE(watch_.opens_at()) << "the bell tells";
  changes("init", "wait-metadata");
  changes("wait-metadata", "wait-join");
  changes("wait-join", "wait-sync");
  watch_.answered(kHeartbeat);
  EXPECT_FALSE(passes());
  changes("wait-sync", "wait-unassign-call");
  EXPECT_TRUE(passes()) << "what is revoked is committed";
}

// A member that leaves when it was about to join commits what it gives up.
TEST_F(JoinWatchTest, EndsWhenTheMemberLeavesInstead) {
  changes("steady", "init");
  changes("init", "wait-unassign-call");
  EXPECT_TRUE(passes());
}

TEST_F(JoinWatchTest, PassesOverOtherLines) {
  changes("steady", "init");
  watch_.state_changed("");
  watch_.state_changed("Group \"billing\": rejoining group");
  EXPECT_FALSE(passes());
}

TEST_F(JoinWatchTest, SendsNothingWhileTheClientLooksAtWhatMayMakeItJoin) {
  for (const int request : {kHeartbeat, kMetadata}) {
    const Instant before = SteadyClock::now();
    watch_.answered(request);
    ASSERT_TRUE(watch_.opens_at());
    const Instant opens = *watch_.opens_at();
    EXPECT_GE(opens, before + JoinWatch::kMoment) << request;
    EXPECT_LE(opens, SteadyClock::now() + JoinWatch::kMoment) << request;
    EXPECT_FALSE(watch_.pass(opens - Milliseconds(1), [] {}));
    EXPECT_TRUE(watch_.pass(opens, [] {}));
  }
  EXPECT_TRUE(passes());
  watch_.completed();
  EXPECT_FALSE(watch_.pass(*watch_.opens_at() - Milliseconds(1), [] {}));
}

TEST_F(JoinWatchTest, OtherAnswersChangeNothing) {
  watch_.answered(kFetch);
  watch_.answered(kOffsetCommit);
  EXPECT_TRUE(passes_now());
}

// Else the client could look at the answer, and join, between the question and the commit.
TEST_F(JoinWatchTest, AnAnswerThatArrivesWhileACommitIsHandedOverWaits) {
  std::future<void> answered;
  ASSERT_TRUE(watch_.pass(SteadyClock::now(), [&] {
    answered = std::async(std::launch::async, [this] { watch_.answered(kHeartbeat); });
    EXPECT_EQ(answered.wait_for(Milliseconds(100)), std::future_status::timeout);
  }));
  answered.get();
}

TEST_F(JoinWatchTest, RingsWhenJoiningHasEnded) {
  changes("steady", "init");
  changes("wait-sync", "wait-assign-call");
  const Instant start = SteadyClock::now();
  bell_.wait(Milliseconds(60'000));
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace hubferry::kafka

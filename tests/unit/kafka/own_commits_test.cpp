#include "kafka/own_commits.h"

#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

TEST(OwnCommits, KnowsTheLastAcknowledgedOffsetAndWhatWasSentSince) {
  OwnCommits own;
  own.sent(3, 10);
  own.sent(3, 20);
  own.sent(3, 30);
  own.acknowledged(3, 10);
  own.acknowledged(3, 20);
  own.mark();
  EXPECT_FALSE(own.is_own(3, 10)) << "it was overwritten before the mark";
  EXPECT_TRUE(own.is_own(3, 20));
  EXPECT_TRUE(own.is_own(3, 30)) << "it may have arrived, the answer is on its way";
  EXPECT_FALSE(own.is_own(3, 25));
}

TEST(OwnCommits, KeepsWhatWasTrueAtTheMarkWhileCommitsGoOn) {
  OwnCommits own;
  own.sent(0, 1);
  own.acknowledged(0, 1);
  own.mark();
  for (std::int64_t offset = 2; offset < 100; ++offset) {
    own.sent(0, offset);
    own.acknowledged(0, offset);
  }
  EXPECT_TRUE(own.is_own(0, 1));
  EXPECT_TRUE(own.is_own(0, 50));
  EXPECT_TRUE(own.is_own(0, 99));
  own.mark();
  EXPECT_FALSE(own.is_own(0, 50));
  EXPECT_TRUE(own.is_own(0, 99));
}

TEST(OwnCommits, SuspectsNobodyBeforeItsFirstCommitWasAcknowledged) {
  OwnCommits own;
  EXPECT_TRUE(own.is_own(0, 7));
  own.sent(0, 5);
  own.mark();
  EXPECT_TRUE(own.is_own(0, 7));
  own.acknowledged(0, 5);
  EXPECT_TRUE(own.is_own(0, 7)) << "the broker was asked before";
  own.mark();
  EXPECT_FALSE(own.is_own(0, 7));
}

TEST(OwnCommits, KnowsACommitThatWentBack) {
  OwnCommits own;
  own.sent(0, 9);
  own.acknowledged(0, 9);
  own.sent(0, 4);
  own.acknowledged(0, 4);
  own.mark();
  EXPECT_TRUE(own.is_own(0, 4));
  EXPECT_FALSE(own.is_own(0, 9));
}

TEST(OwnCommits, KeepsPartitionsApart) {
  OwnCommits own;
  own.sent(0, 5);
  own.acknowledged(0, 5);
  own.mark();
  EXPECT_FALSE(own.is_own(0, 6));
  EXPECT_TRUE(own.is_own(1, 6));
}

}  // namespace
}  // namespace hubferry::kafka

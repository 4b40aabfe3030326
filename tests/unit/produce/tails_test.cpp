#include "produce/tails.h"

#include <gmock/gmock.h>

namespace hubferry::produce {
namespace {

using ::testing::ElementsAre;

TEST(Tails, AreIncompleteUntilEveryPartitionIsKnown) {
  Tails tails;
  EXPECT_FALSE(tails.complete()) << "nothing is known";
  tails.resize(2);
  EXPECT_FALSE(tails.complete());
  tails.learn({5, 0});
  EXPECT_TRUE(tails.complete());
  tails.resize(3);
  EXPECT_FALSE(tails.complete()) << "a partition was added";
  tails.learn({9, 9, 9});
  EXPECT_THAT(tails.offsets(), ElementsAre(5, 0, 9)) << "what is known stays";
}

TEST(Tails, MoveBehindEachAcknowledgementAndNeverBack) {
  Tails tails;
  tails.resize(2);
  tails.learn({5, 5});
  tails.acknowledged(1, 7);
  tails.acknowledged(1, 6);
  tails.acknowledged(0, -1001);
  tails.acknowledged(2, 3);
  tails.acknowledged(-1, 3);
  EXPECT_THAT(tails.offsets(), ElementsAre(5, 8));
}

TEST(Tails, OfATopicThatWasMadeAnewStartAtItsBeginning) {
  Tails tails;
  tails.resize(2);
  tails.learn({100, 100});
  tails.learn({20, 100});
  EXPECT_THAT(tails.offsets(), ElementsAre(0, 100));
}

TEST(Tails, ComeBackFromTheirBytes) {
  Tails tails;
  tails.resize(3);
  tails.learn({1, 2});
  tails.acknowledged(1, 1LL << 40);
  tails.throttled_until(1'234'567'890'123);
  tails.throttled_until(5);
  EXPECT_EQ(Tails::decode(tails.encode()).calm_at_ms(), 1'234'567'890'123);
  EXPECT_THAT(Tails::decode(tails.encode()).offsets(), ElementsAre(1, (1LL << 40) + 1, Tails::kUnknown));
}

TEST(Tails, FromBytesThatAreNotSoundAreUnknown) {
  Tails tails;
  tails.resize(2);
  tails.learn({1, 2});
  const std::string good = tails.encode();
  EXPECT_FALSE(Tails::decode("").complete());
  EXPECT_FALSE(Tails::decode(good.substr(0, good.size() - 1)).complete());
  std::string newer = good;
  newer[0] = 9;
  EXPECT_FALSE(Tails::decode(newer).complete());
  std::string negative = good;
  negative[19] = '\x80';
  EXPECT_FALSE(Tails::decode(negative).complete());
}

}  // namespace
}  // namespace hubferry::produce

#include "ctl/progress.h"

#include <gmock/gmock.h>

#include <sstream>

namespace hubferry::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Instant kStart{std::chrono::hours(1)};

TEST(Progress, WritesALineEveryFiveSecondsWithTheRateSince) {
  std::ostringstream out;
  Progress progress(out, false, 10'000, kStart);
  for (int second = 0; second <= 10; ++second) {
    progress.show(10'000 - static_cast<std::uint64_t>(second) * 500, kStart + std::chrono::seconds(second));
  }
  EXPECT_EQ(out.str(),
            "10000 of 10000 events left, 0/s\n7500 of 10000 events left, 500/s\n5000 of 10000 events left, 500/s\n");
}

TEST(Progress, TellsTheLastStateInAnyCase) {
  std::ostringstream out;
  Progress progress(out, false, 100, kStart);
  progress.finish(0, kStart + std::chrono::seconds(1));
  EXPECT_EQ(out.str(), "0 of 100 events left, 100/s\n");
}

TEST(Progress, DrawsABarOverItselfOnATerminal) {
  std::ostringstream out;
  Progress progress(out, true, 100, kStart);
  progress.show(50, kStart);
  progress.show(40, kStart + Milliseconds(10));
  EXPECT_THAT(out.str(), StartsWith("\r[###############---------------]  50 of 100 events left"));
  EXPECT_THAT(out.str(), ::testing::Not(HasSubstr("40 of 100")));
  EXPECT_THAT(out.str(), ::testing::Not(HasSubstr("\n")));
  progress.finish(0, kStart + Milliseconds(20));
  EXPECT_THAT(out.str(), ::testing::EndsWith("\n"));
}

TEST(Progress, SurvivesNothingToDoAndMoreThanItKnew) {
  std::ostringstream out;
  Progress none(out, true, 0, kStart);
  none.finish(0, kStart);
  Progress more(out, true, 1, kStart);
  more.finish(5, kStart);
  EXPECT_THAT(out.str(), HasSubstr("5 of 1 events left, 0/s"));
}

}  // namespace
}  // namespace hubferry::ctl

#include "observe/outage.h"

#include <gtest/gtest.h>

namespace hubferry::observe {
namespace {

using Line = OutageLog::Line;

TEST(OutageLog, TellsTheBeginningOnceAMinuteAndTheEnd) {
  OutageLog log;
  const Instant start = Instant() + std::chrono::hours(1);
  const auto at = [start](int seconds) { return start + std::chrono::seconds(seconds); };
  EXPECT_EQ(log.note(false, at(0)), Line::kNone);
  EXPECT_EQ(log.note(true, at(1)), Line::kBegan);
  EXPECT_EQ(log.note(true, at(2)), Line::kNone);
  EXPECT_EQ(log.note(true, at(60)), Line::kNone);
  EXPECT_EQ(log.note(true, at(61)), Line::kLasts);
  EXPECT_EQ(log.lasted().count(), 60);
  EXPECT_EQ(log.note(true, at(62)), Line::kNone);
  EXPECT_EQ(log.note(true, at(121)), Line::kLasts);
  EXPECT_EQ(log.note(false, at(130)), Line::kEnded);
  EXPECT_EQ(log.lasted().count(), 129);
  EXPECT_EQ(log.note(false, at(131)), Line::kNone);
  EXPECT_EQ(log.note(true, at(132)), Line::kBegan);
}

}  // namespace
}  // namespace hubferry::observe

#include "base/human_text.h"

#include <gtest/gtest.h>

namespace hubferry {
namespace {

TEST(Texts, TellTimesAndAges) {
  EXPECT_EQ(time_text(1'795'255'200'007), "2026-11-21T10:00:00.007Z");
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(age_text(0), "0ms");
  EXPECT_EQ(age_text(999), "999ms");
  EXPECT_EQ(age_text(7'900), "7s");
  EXPECT_EQ(age_text(310'000), "5m 10s");
  EXPECT_EQ(age_text(3'600'000), "1h");
  EXPECT_EQ(age_text(183'600'000), "2d 3h");
  EXPECT_EQ(counted(1, "event"), "1 event");
  EXPECT_EQ(counted(0, "event"), "0 events");
}

}  // namespace
}  // namespace hubferry

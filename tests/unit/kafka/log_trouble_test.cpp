#include "kafka/log_trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hubferry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = LogTrouble::Kind;

struct Teller : SharedLog::Listener {
  std::vector<std::string> told;

  void on_begin(std::int64_t, bool) override {}
  void on_record(std::int64_t, std::int64_t, std::string_view) override {}
  void on_end(std::int64_t) override {}
  void on_appended(std::uint64_t, std::int64_t) override {}
  void on_append_failed(std::uint64_t, const Error&) override {}
  void on_trouble(const Error& error) override { told.push_back(error.message); }
  void on_well() override { told.emplace_back("well"); }
};

class LogTroubleTest : public ::testing::Test {
 protected:
  std::vector<std::string> tell(Milliseconds after) {
    teller_.told.clear();
    trouble_.tell(start_ + after, teller_);
    return teller_.told;
  }
  void set(Kind kind, ErrorCode code, const std::string& message) {
    trouble_.set(kind, {code, message, Disposition::kRetry});
  }

  const Instant start_ = SteadyClock::now();
  LogTrouble trouble_;
  Teller teller_;
};

TEST_F(LogTroubleTest, IsToldWhenItBeginsOnceAMinuteAndWhenItEnds) {
  EXPECT_THAT(tell(Milliseconds(0)), IsEmpty());
  EXPECT_FALSE(trouble_.due());
  set(Kind::kTopic, ErrorCode::kTimeout, "first");
  EXPECT_THAT(tell(Milliseconds(0)), ElementsAre("first"));
  set(Kind::kTopic, ErrorCode::kTimeout, "second");
  EXPECT_THAT(tell(Milliseconds(59'999)), IsEmpty());
  EXPECT_EQ(trouble_.due(), start_ + Milliseconds(60'000));
  EXPECT_THAT(tell(Milliseconds(60'000)), ElementsAre("second"));
  EXPECT_THAT(tell(Milliseconds(60'001)), IsEmpty());
  trouble_.clear(Kind::kTopic);
  EXPECT_THAT(tell(Milliseconds(60'002)), ElementsAre("well"));
  EXPECT_THAT(tell(Milliseconds(200'000)), IsEmpty());
  EXPECT_FALSE(trouble_.due());
}

TEST_F(LogTroubleTest, AnotherTroubleIsToldAtOnce) {
  set(Kind::kTopic, ErrorCode::kTimeout, "silent");
  EXPECT_THAT(tell(Milliseconds(0)), ElementsAre("silent"));
  set(Kind::kTopic, ErrorCode::kNotFound, "missing");
  EXPECT_THAT(tell(Milliseconds(1)), ElementsAre("missing"));
}

TEST_F(LogTroubleTest, EndsWithTheLastOfSeveral) {
  set(Kind::kWrite, ErrorCode::kInvalid, "not allowed");
  set(Kind::kTopic, ErrorCode::kNotFound, "missing");
  EXPECT_THAT(tell(Milliseconds(0)), ElementsAre("missing"));
  trouble_.clear(Kind::kTopic);
  EXPECT_THAT(tell(Milliseconds(1)), ElementsAre("not allowed"));
  trouble_.clear(Kind::kWrite);
  EXPECT_THAT(tell(Milliseconds(2)), ElementsAre("well"));
}

}  // namespace
}  // namespace hubferry::kafka

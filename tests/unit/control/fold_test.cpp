#include "control/fold.h"

#include <algorithm>
#include <random>

#include "folding.h"

namespace hubferry::control {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using Fate = Applied::Fate;
using State = Breaker::State;

TEST_F(Folding, ASnapshotStandsForTheRecordsBeforeIt) {
  join({"a", "b"});
  fail("a", 60);
  const Record snapshot = record("b", Snapshot{fold_.position(), fold_.snapshot()});
  fail("b", 20);
  put(snapshot);
  fail("a", 21);
  ASSERT_EQ(now(), State::kOpen);
  Fold late;
  late.begin(1);  // the first record is gone
  for (std::size_t i = 1; i < log_.size(); ++i) {
    const auto offset = static_cast<std::int64_t>(i);
    const Applied applied = late.apply(offset, log_[i].first, log_[i].second);
    EXPECT_EQ(late.known(), i >= 4) << i;
    EXPECT_EQ(applied.fate == Fate::kHeld, i < 4) << i;
  }
  EXPECT_TRUE(late == fold_) << late.snapshot() << " instead of " << fold_.snapshot();
}

TEST_F(Folding, ASnapshotOfATimeBeforeTheFirstRecordReadDoesNotHelp) {
  join({"a", "b"});
  const Record early = record("b", Snapshot{1, fold_.snapshot()});
  fail("a", 60);
  put(early);
  Fold late;
  late.begin(2);
  late.apply(2, now_ms_, log_[2].second);
  late.apply(3, now_ms_, log_[3].second);
  EXPECT_FALSE(late.known()) << "record 1 is missing";
}

TEST_F(Folding, ADamagedSnapshotIsNotBelieved) {
  Fold late;
  late.begin(5);
  for (const char* state : {"", "{}", "[]", R"({"v":2})", R"({"v":1,"now":0,"snapshot":0,"wanted":-1,"instances":[]})",
                            R"({"v":1,"now":0,"snapshot":0,"wanted":-1,"instances":[{}],"breakers":{}})"}) {
    late.apply(late.position(), now_ms_, record("a", Snapshot{late.position(), state}));
    EXPECT_FALSE(late.known()) << state;
  }
}

TEST_F(Folding, AnUnknownHistoryBeginsAnewWhenNobodyIsThere) {
  Fold late;
  late.begin(50);
  EXPECT_EQ(late.apply(50, now_ms_, record("a", WantSnapshot{})).fate, Fate::kHeld);
  now_ms_ += 50'000;
  EXPECT_EQ(late.apply(51, now_ms_, record("b", Alive{{kBreaker}})).fate, Fate::kHeld);
  now_ms_ += 74'999;
  EXPECT_EQ(late.apply(52, now_ms_, record("a", BeginAnew{})).fate, Fate::kRefused) << "b may know it";
  now_ms_ += 1;
  EXPECT_EQ(late.apply(53, now_ms_, record("a", BeginAnew{})).fate, Fate::kTaken);
  EXPECT_TRUE(late.known());
  EXPECT_EQ(late.breaker(kBreaker), nullptr);
}

TEST_F(Folding, WhoReadsTooLittleCannotKnowThatNobodyIsThere) {
  Fold late;
  late.begin(50);
  EXPECT_EQ(late.apply(50, now_ms_, record("a", BeginAnew{})).fate, Fate::kRefused);
  EXPECT_FALSE(late.known());
}

TEST_F(Folding, WhoKnowsTheHistoryBeginsAnewWithTheOthers) {
  join({"b"});
  open();
  Fold late;
  late.begin(1);
  late.apply(1, now_ms_, log_[1].second);
  now_ms_ += (Fold::kNobodyFor + Fold::kClockStep).count();
  const Record anew = record("c", BeginAnew{});
  put(anew);
  late.apply(2, now_ms_, anew);
  EXPECT_EQ(now(), State::kClosed);
  EXPECT_TRUE(late == fold_);
}

TEST_F(Folding, RecordsOfUnknownKindAreSkipped) {
  EXPECT_EQ(put("a", Unknown{"growth"}).fate, Fate::kSkipped);
}

TEST_F(Folding, WhoIsSilentForAnHourIsForgotten) {
  join({"a"});
  wait(Fold::kForget + seconds(1));
  join({"b"});
  EXPECT_EQ(fold_.instances().size(), 1U);
}

// Whatever is in the log, in whatever order and how often: who reads it, from the beginning or from a snapshot, comes
// to the same state.
class AnyLog : public Folding, public testing::WithParamInterface<std::uint64_t> {
 protected:
  Body any() {
    const auto name = [this] { return std::string(1, static_cast<char>('a' + random_() % 3)); };
    switch (random_() % 14) {
      case 0:
        return Alive{{kBreaker}};
      case 1: {
        config::BreakerRules rules;
        rules.threshold = static_cast<std::uint32_t>(1 + random_() % 50);
        rules.consecutive = static_cast<std::uint32_t>(random_() % 10);
        rules.quorum = static_cast<std::uint32_t>(1 + random_() % 3);
        rules.unavailable_for = seconds(random_() % 20);
        rules.cool_down = seconds(random_() % 20);
        return SetRules{rules};
      }
      case 2:
        return Open{name(), "why"};
      case 3:
        return NotifyClaim{random_() % 4 == 0 ? "" : hash(static_cast<char>('0' + random_() % 8)),
                           seconds(random_() % 90)};
      case 4:
        return Notified{};
      case 5:
        return Resume{static_cast<Resume::Way>(random_() % 3), hash(static_cast<char>('0' + random_() % 8)), name()};
      case 6:
        return ProbeClaim{static_cast<std::int32_t>(random_() % 3) - 1};
      case 7:
        return ProbeResult{random_() % 2 == 0, random_() % 5, "HTTP 500"};
      case 8:
        return Close{name()};
      case 9:
        return WantSnapshot{};
      case 10:
        return random_() % 8 == 0 ? Body(BeginAnew{}) : Body(Unknown{"news"});
      default: {
        Tally tally;
        for (auto i = random_() % 4; i != 0; --i) {
          tally.failures.emplace_back(Milliseconds(random_() % 40'000), random_() % 20);
          tally.trailing += tally.failures.back().second;
        }
        tally.successes = random_() % 3;
        tally.unavailable = random_() % 4 == 0;
        if (tally.unavailable) tally.unavailable_for = seconds(random_() % 30);
        tally.reasons = {{"HTTP " + std::to_string(500 + random_() % 9), 1 + random_() % 5}};
        tally.lag = static_cast<std::int64_t>(random_() % 100) - 1;
        return tally;
      }
    }
  }

  std::mt19937_64 random_{GetParam()};
};

TEST_P(AnyLog, MakesOneStateForAllWhoReadIt) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  std::vector<Record> written;
  std::vector<std::string> states;  // after each record
  std::vector<std::size_t> snapshots;
  for (int i = 0; i < 300; ++i) {
    now_ms_ += static_cast<std::int64_t>(random_() % 8'000) - 1'000;
    const std::string author(1, static_cast<char>('a' + random_() % 3));
    Record next = record(author, any());
    if (random_() % 4 == 0) next.generation += random_() % 3 - 1;
    if (!written.empty() && random_() % 6 == 0) next = written[random_() % written.size()];  // again, out of order
    if (random_() % 25 == 0) {
      next = record(author, Snapshot{fold_.position(), fold_.snapshot()});
      snapshots.push_back(log_.size());
    }
    written.push_back(next);
    // By way of its text, as instances read it.
    const auto read = decode(encode(next));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(*read, next) << encode(next);
    put(*read);
    states.push_back(fold_.snapshot());
  }
  for (const std::size_t snapshot : snapshots) {
    const std::size_t first = snapshot - std::min<std::size_t>(snapshot, random_() % 10);
    Fold late;
    late.begin(static_cast<std::int64_t>(first));
    for (std::size_t i = first; i < log_.size(); ++i) {
      late.apply(static_cast<std::int64_t>(i), log_[i].first, log_[i].second);
      if (i < snapshot) continue;
      ASSERT_EQ(late.snapshot(), states[i]) << "begun at " << first << ", after record " << i;
    }
    ASSERT_TRUE(late == fold_);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyLog, testing::Range<std::uint64_t>(1, 101));

}  // namespace
}  // namespace hubferry::control

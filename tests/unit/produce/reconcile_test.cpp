#include "produce/reconcile.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace hubferry::produce {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Need = Reconcile::Need;

constexpr std::uint64_t kOwn = 7;
constexpr std::uint64_t kForeign = 8;
const Instant kStart = Instant() + std::chrono::hours(1);

Tails tails_at(const std::vector<std::int64_t>& offsets) {
  Tails tails;
  tails.resize(static_cast<std::int32_t>(offsets.size()));
  tails.learn(offsets);
  return tails;
}

event::Origin own(std::uint64_t sequence) {
  return {kOwn, sequence, 0};
}

std::vector<std::uint64_t> found(Reconcile& machine) {
  std::vector<std::uint64_t> sequences;
  auto all = machine.take_landed();
  for (const auto& landed : all[kOwn]) sequences.push_back(landed.sequence);
  return sequences;
}

struct Bench {
  explicit Bench(const std::vector<std::int64_t>& starts, const std::vector<std::int64_t>& ends,
                 Reconcile::Options options = {Milliseconds(2'000), 1'000, Milliseconds(0)})
      : machine(options, tails_at(starts), ends, {kOwn}, kStart) {}
  Need need(int ms) const { return machine.need(kStart + Milliseconds(ms)); }
  void record(std::int32_t p, std::int64_t o, std::optional<event::Origin> origin, int ms = 0) {
    machine.record(p, o, origin, kStart + Milliseconds(ms));
  }
  void ends(const std::vector<std::int64_t>& e, int ms) { machine.ends(e, kStart + Milliseconds(ms)); }
  Reconcile machine;
};

TEST(Reconcile, ReadsFromTheTailToTheEndThatWasAskedForAfterSettling) {
  Bench bench({10, 0}, {12, 0});
  EXPECT_EQ(bench.machine.start_of(0), 10);
  bench.record(0, 10, own(3));
  EXPECT_EQ(bench.need(5'000), Need::kRecords) << "the end is not reached";
  bench.record(0, 11, own(4));
  EXPECT_EQ(bench.need(1'999), Need::kRecords) << "not settled";
  EXPECT_EQ(bench.need(2'000), Need::kEndOffsets);
  bench.ends({12, 0}, 2'000);
  EXPECT_EQ(bench.need(2'000), Need::kNothing);
  EXPECT_THAT(found(bench.machine), ElementsAre(3, 4));
}

TEST(Reconcile, SettlesAnewAfterEveryOwnRecordThatArrivesLate) {
  Bench bench({0}, {0});
  bench.record(0, 0, own(1), 1'500);
  EXPECT_EQ(bench.need(2'000), Need::kRecords);
  EXPECT_EQ(bench.need(3'500), Need::kEndOffsets);
  bench.ends({2}, 3'500);
  EXPECT_EQ(bench.need(3'500), Need::kRecords) << "there is one more";
  bench.record(0, 1, own(2), 3'600);
  EXPECT_EQ(bench.need(3'600), Need::kNothing) << "it was there when the end was asked for";
  EXPECT_THAT(found(bench.machine), ElementsAre(1, 2));
}

TEST(Reconcile, SettlesAfterTheTimeThatAThrottledConnectionHoldsRequestsBack) {
  Bench bench({0}, {0}, {Milliseconds(2'000), 1'000, Milliseconds(10'000)});
  EXPECT_EQ(bench.need(11'999), Need::kRecords);
  bench.record(0, 0, own(1), 5'000);
  EXPECT_EQ(bench.need(11'999), Need::kRecords) << "a record that comes earlier shortens nothing";
  EXPECT_EQ(bench.need(12'000), Need::kEndOffsets);
}

TEST(Reconcile, AsksAgainWhenAnOwnRecordArrivesBehindTheEndItWasTold) {
  Bench bench({0}, {0});
  bench.ends({1}, 2'000);
  bench.record(0, 0, own(1), 2'010);
  bench.record(0, 1, own(2), 2'020);
  EXPECT_EQ(bench.need(2'030), Need::kRecords);
  EXPECT_EQ(bench.need(4'020), Need::kEndOffsets);
  bench.ends({2}, 4'020);
  EXPECT_EQ(bench.need(4'020), Need::kNothing);
  EXPECT_THAT(found(bench.machine), ElementsAre(1, 2));
}

TEST(Reconcile, OtherProducersNeitherDelayItNorAreTakenForIts) {
  Bench bench({0}, {1});
  bench.record(0, 0, event::Origin{kForeign, 1, 0});
  bench.record(0, 1, std::nullopt, 1'900);
  bench.record(0, 2, event::Origin{kForeign, 2, 0}, 1'950);
  EXPECT_EQ(bench.need(2'000), Need::kEndOffsets);
  bench.ends({5}, 2'000);
  for (std::int64_t o = 3; o < 5; ++o) bench.record(0, o, std::nullopt, 2'100);
  EXPECT_EQ(bench.need(2'100), Need::kNothing);
  EXPECT_THAT(found(bench.machine), IsEmpty());
}

TEST(Reconcile, OffsetsWithoutARecordAreReachedByTheEndOfThePartition) {
  Bench bench({3}, {10});
  bench.record(0, 5, own(1));
  bench.machine.end(0, 10);
  EXPECT_EQ(bench.need(2'000), Need::kEndOffsets);
}

TEST(Reconcile, WithoutSettlingTimeReadsToTheFirstEnd) {
  Bench bench({0}, {1}, {Milliseconds(0), 1'000, Milliseconds(0)});
  EXPECT_EQ(bench.need(0), Need::kRecords);
  bench.record(0, 0, own(1));
  EXPECT_EQ(bench.need(0), Need::kNothing);
}

TEST(Reconcile, GivesUpBehindTheBoundAndSaysWhatItFound) {
  Bench bench({0}, {2'000});
  bench.record(0, 0, own(9));
  for (std::int64_t o = 1; o < 1'000; ++o) bench.record(0, o, std::nullopt);
  EXPECT_EQ(bench.need(0), Need::kTooMuch);
  EXPECT_THAT(found(bench.machine), ElementsAre(9));
}

TEST(Reconcile, TellsEachSequenceOnceWithItsFirstPlace) {
  Bench bench({0, 0}, {9, 9});
  bench.record(1, 5, own(2));
  bench.record(0, 4, own(1));
  bench.record(0, 7, own(2));
  auto landed = bench.machine.take_landed();
  EXPECT_THAT(landed[kOwn], ElementsAre(Reconcile::Landed{1, 0, 4}, Reconcile::Landed{2, 1, 5}));
}

TEST(Reconcile, PartitionsAndOffsetsOutsideAreIgnored) {
  Bench bench({5}, {5});
  bench.record(0, 4, own(1));
  bench.record(3, 9, own(2));
  bench.record(-1, 9, own(3));
  bench.machine.end(7, 1);
  EXPECT_THAT(found(bench.machine), IsEmpty());
}

// A topic, requests of the dead producer that land at random moments up to `settle` after each other, foreign records:
// whatever it declares finished, everything that landed before its last question is known to it.
TEST(Reconcile, FindsEverythingThatLandsWithinTheSettlingTime) {
  const std::uint64_t first = std::random_device{}();
  for (std::uint64_t seed = first; seed < first + 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&random](std::uint64_t n) { return random() % n; };
    constexpr std::size_t kPartitions = 3;
    std::vector<std::vector<std::optional<event::Origin>>> log(kPartitions);
    std::set<std::uint64_t> expected;
    std::uint64_t sequence = 0;
    const auto land = [&] {
      expected.insert(++sequence);
      log[below(kPartitions)].push_back(own(sequence));
    };
    for (std::uint64_t n = below(20); n != 0; --n) land();
    const auto ends_now = [&log] {
      std::vector<std::int64_t> ends;
      for (const auto& partition : log) ends.push_back(static_cast<std::int64_t>(partition.size()));
      return ends;
    };
    Reconcile machine({Milliseconds(100), 100'000, Milliseconds(0)}, tails_at({0, 0, 0}), ends_now(), {kOwn}, kStart);
    std::vector<std::size_t> read(kPartitions, 0);
    std::uint64_t late = below(30);
    int last_landing = 0;
    bool finished = false;
    for (int ms = 0; ms < 20'000 && !finished; ++ms) {
      const Instant now = kStart + Milliseconds(ms);
      if (late != 0 && (below(40) == 0 || ms - last_landing > 80)) {
        --late;
        last_landing = ms;
        land();
      }
      if (below(5) == 0) log[below(kPartitions)].push_back(std::nullopt);
      for (std::size_t p = 0; p < kPartitions; ++p) {
        if (read[p] < log[p].size() && below(4) != 0) {
          machine.record(static_cast<std::int32_t>(p), static_cast<std::int64_t>(read[p]), log[p][read[p]], now);
          ++read[p];
        }
      }
      switch (machine.need(now)) {
        case Need::kEndOffsets:
          machine.ends(ends_now(), now);
          break;
        case Need::kNothing:
          finished = true;
          break;
        default:
          break;
      }
    }
    ASSERT_TRUE(finished);
    ASSERT_EQ(late, 0U) << "it ended before the last late record";
    const auto sequences = found(machine);
    EXPECT_EQ(std::set<std::uint64_t>(sequences.begin(), sequences.end()), expected);
  }
}

}  // namespace
}  // namespace hubferry::produce

#include "spool/spool.h"

#include <gmock/gmock.h>

#include <numeric>

#include "unit/spool/helpers.h"

namespace hubferry::spool::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> numbered(const std::string& prefix, int count, std::size_t size = 0) {
  std::vector<std::string> records;
  for (int i = 0; i < count; ++i) records.push_back(prefix + std::to_string(i) + std::string(size, '.'));
  return records;
}

TEST(Spool, GivesBackWhatWasAppendedInOrder) {
  Bench bench;
  const auto first = append(*bench.spool, {"a", "", "ccc"});
  const auto second = append(*bench.spool, {"d"});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->first, 1U);
  EXPECT_EQ(first->last, 3U);
  EXPECT_EQ(second->first, 4U);
  EXPECT_EQ(second->source, first->source);
  const auto all = read_all(*bench.spool);
  EXPECT_THAT(texts(all), ElementsAre("a", "", "ccc", "d"));
  EXPECT_THAT(sequences(all), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(all[0].source, first->source);
  EXPECT_EQ(*bench.spool->next(), nullptr);
}

TEST(Spool, KeepsRecordsOverARestartUnderTheirOldSource) {
  Bench bench;
  const auto before = append(*bench.spool, {"a", "b"});
  bench.reopen();
  const auto after = append(*bench.spool, {"c"});
  ASSERT_TRUE(before && after);
  EXPECT_NE(before->source, after->source);
  EXPECT_EQ(after->first, 3U);
  const auto all = read_all(*bench.spool);
  EXPECT_THAT(texts(all), ElementsAre("a", "b", "c"));
  EXPECT_EQ(all[0].source, before->source);
  EXPECT_EQ(all[2].source, after->source);
}

TEST(Spool, ForgetsWhatWasAcknowledgedOverARestart) {
  Bench bench;
  append(*bench.spool, {"a", "b", "c"});
  append(*bench.spool, {"d", "e"});
  read_all(*bench.spool);
  for (std::uint64_t s : {1U, 3U, 5U}) bench.spool->acknowledge(s);
  bench.reopen();
  EXPECT_EQ(bench.spool->statistics().unacknowledged, 2U);
  EXPECT_THAT(texts(read_all(*bench.spool)), ElementsAre("b", "d"));
  EXPECT_TRUE(bench.spool->acknowledged(3));
  EXPECT_FALSE(bench.spool->acknowledged(4));
}

TEST(Spool, NeverUsesASequenceAgainAlsoWhenEverythingWasReleased) {
  Bench bench;
  append(*bench.spool, {"a", "b"});
  read_all(*bench.spool);
  bench.spool->acknowledge(1);
  bench.spool->acknowledge(2);
  bench.reopen();
  EXPECT_THAT(bench.segments(), IsEmpty());
  bench.reopen();
  EXPECT_EQ(append(*bench.spool, {"c"})->first, 3U);
}

TEST(Spool, ASecondProcessIsRefused) {
  Bench bench;
  const auto second = Spool::open(bench.files, bench.options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("lock"));
}

TEST(Spool, RefusesABatchThatFitsNoSegmentAndOneWithoutRecords) {
  Bench bench;
  const auto large = append(*bench.spool, {std::string(bench.options.segment_bytes, 'x')});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(append(*bench.spool, {}).error().code, ErrorCode::kInvalid);
  const std::size_t largest = bench.options.segment_bytes - kSegmentHeaderBytes - kBlockHeaderBytes - 4;
  EXPECT_TRUE(append(*bench.spool, {std::string(largest, 'x')}));
  EXPECT_EQ(read_all(*bench.spool).at(0).bytes.size(), largest);
}

TEST(Spool, RefusesWhenFullAndAcceptsAgainAfterAcknowledgements) {
  Bench bench;
  bench.options.max_bytes = 8 * kSectorBytes;
  bench.reopen();
  int kept = 0;
  auto result = append(*bench.spool, {"a"});
  for (; result; result = append(*bench.spool, {"a"})) ++kept;
  EXPECT_EQ(result.error().code, ErrorCode::kFull);
  EXPECT_EQ(result.error().disposition, Disposition::kRetry);
  EXPECT_EQ(kept, 8);
  EXPECT_EQ(bench.spool->statistics().stored_bytes, bench.options.max_bytes);
  for (const auto& record : read_all(*bench.spool)) bench.spool->acknowledge(record.sequence);
  EXPECT_EQ(bench.spool->statistics().stored_bytes, 0U);
  EXPECT_TRUE(append(*bench.spool, {"a"}));
}

TEST(Spool, RefusesMoreThanMayWaitForTheSync) {
  Bench bench;
  bench.options.pending_bytes = 100;
  bench.reopen();
  EXPECT_EQ(append(*bench.spool, {std::string(200, 'x')}).error().code, ErrorCode::kFull);
  EXPECT_TRUE(append(*bench.spool, {std::string(50, 'x')}));
}

TEST(Spool, MakesOneBlockOfWhatGathersDuringASync) {
  Bench bench;
  std::promise<void> in_sync;
  std::promise<void> go_on;
  std::atomic<bool> first = true;
  append(*bench.spool, {"open the segment"});
  bench.files.set_hook([&](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
    if (op == FaultFileSystem::Op::kSync && first.exchange(false)) {
      in_sync.set_value();
      go_on.get_future().wait();
    }
    return std::nullopt;
  });
  auto a = append_later(*bench.spool, {"a"});
  in_sync.get_future().wait();
  auto b = append_later(*bench.spool, {"b1", "b2"});
  auto c = append_later(*bench.spool, {"c"});
  go_on.set_value();
  ASSERT_TRUE(a.get());
  const auto second = b.get();
  const auto third = c.get();
  EXPECT_EQ(second->last + 1, third->first);
  EXPECT_EQ(bench.spool->statistics().commits, 3U);
  bench.spool->next();
  bench.spool->next();
  EXPECT_EQ((*bench.spool->next())->count(), 3U);
}

TEST(Spool, CallsBackOnceForEachTimeTheReaderFoundNothing) {
  Bench bench;
  std::atomic<int> calls = 0;
  bench.spool->on_readable([&] { ++calls; });
  EXPECT_EQ(*bench.spool->next(), nullptr);
  append(*bench.spool, {"a"});
  append(*bench.spool, {"b"});
  EXPECT_EQ(calls, 1);
  read_all(*bench.spool);
  append(*bench.spool, {"c"});
  EXPECT_EQ(calls, 2);
}

TEST(Spool, ReadsFromDiskWhatTheMemoryForHandoverCouldNotHold) {
  Bench bench;
  bench.options.handover_bytes = 300;
  bench.reopen();
  std::vector<std::string> expected;
  for (int i = 0; i < 60; ++i) {
    expected.push_back(std::to_string(i) + std::string(100, '.'));
    append(*bench.spool, {expected.back()});
    if (i % 20 == 10) {
      const auto block = bench.spool->next();
      EXPECT_EQ(records_of(**block).at(0).bytes, expected[static_cast<std::size_t>(i / 20)]);
    }
  }
  auto rest = texts(read_all(*bench.spool));
  rest.insert(rest.begin(), expected.begin(), expected.begin() + 3);
  EXPECT_EQ(rest, expected);
}

TEST(Spool, HandsOverFromMemoryWithoutReadingTheDisk) {
  Bench bench;
  std::atomic<int> reads = 0;
  bench.files.set_hook([&](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
    if (op == FaultFileSystem::Op::kRead) ++reads;
    return std::nullopt;
  });
  for (int i = 0; i < 60; ++i) append(*bench.spool, {"x"});
  EXPECT_EQ(read_all(*bench.spool).size(), 60U);
  EXPECT_EQ(reads, 0);
}

TEST(Spool, RewindGivesAgainWhatIsNotWhollyAcknowledged) {
  Bench bench;
  append(*bench.spool, {"a1", "a2"});
  append(*bench.spool, {"b1", "b2"});
  append(*bench.spool, {"c1", "c2"});
  append(*bench.spool, {"d1", "d2"});
  read_all(*bench.spool);
  for (std::uint64_t s : {1U, 2U, 4U, 5U, 6U}) bench.spool->acknowledge(s);
  bench.spool->rewind();
  EXPECT_EQ((*bench.spool->next())->first_sequence(), 3U);
  EXPECT_TRUE(bench.spool->acknowledged(4));
  EXPECT_EQ((*bench.spool->next())->first_sequence(), 7U);
  EXPECT_EQ(*bench.spool->next(), nullptr);
  for (std::uint64_t s : {3U, 7U, 8U}) bench.spool->acknowledge(s);
  bench.spool->rewind();
  EXPECT_EQ(*bench.spool->next(), nullptr);
  EXPECT_EQ(bench.spool->statistics().low_water, 8U);
}

TEST(Spool, ReleasesSegmentsAndUsesAtMostTwoOfThemAgain) {
  Bench bench;
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(append(*bench.spool, {"x"}));
    for (const auto& record : read_all(*bench.spool)) bench.spool->acknowledge(record.sequence);
    EXPECT_LE(bench.segments().size(), 2U);
    EXPECT_LE(bench.names_like("spare").size(), 2U);
    EXPECT_GE(bench.names_like("spare").size(), 1U);
  }
}

TEST(Spool, RestartsDoNotEatTheDisk) {
  Bench bench;
  for (int i = 0; i < 20; ++i) {
    append(*bench.spool, {"x"});
    bench.kill();
  }
  std::size_t bytes = 0;
  for (const auto& name : bench.segments()) bytes += bench.files.content(bench.path(name)).size();
  EXPECT_EQ(bytes, 20 * (kSegmentHeaderBytes + kSectorBytes));
  for (const auto& record : read_all(*bench.spool)) bench.spool->acknowledge(record.sequence);
  EXPECT_THAT(bench.segments(), IsEmpty());
}

TEST(Spool, CountsWhatItHolds) {
  Bench bench;
  EXPECT_EQ(bench.spool->statistics().oldest_ms, -1);
  const auto now = wall_clock_ms();
  append(*bench.spool, {"a", "b"});
  append(*bench.spool, {"c"});
  auto statistics = bench.spool->statistics();
  EXPECT_EQ(statistics.unacknowledged, 3U);
  EXPECT_EQ(statistics.last_sequence, 3U);
  EXPECT_EQ(statistics.commits, 2U);
  EXPECT_EQ(statistics.stored_bytes, 2 * kSectorBytes);
  EXPECT_GE(statistics.oldest_ms, now);
  read_all(*bench.spool);
  bench.spool->acknowledge(1);
  bench.spool->acknowledge(2);
  bench.reopen();
  statistics = bench.spool->statistics();
  EXPECT_EQ(statistics.unacknowledged, 1U);
  EXPECT_EQ(statistics.low_water, 2U);
  EXPECT_EQ(statistics.stored_bytes, kSectorBytes);
  EXPECT_GE(statistics.oldest_ms, now);
}

TEST(Spool, PersistsThePositionAtMostOncePerInterval) {
  Bench bench;
  std::atomic<int> saves = 0;
  append(*bench.spool, numbered("r", 10));
  read_all(*bench.spool);
  const Instant start = Instant() + Milliseconds(10'000);
  ASSERT_TRUE(bench.spool->persist_position(start, false));
  bench.files.set_hook([&](FaultFileSystem::Op op, const std::string& name) -> std::optional<Error> {
    if (op == FaultFileSystem::Op::kSync && name.starts_with("position")) ++saves;
    return std::nullopt;
  });
  bench.spool->acknowledge(1);
  ASSERT_TRUE(bench.spool->persist_position(start + Milliseconds(999), false));
  EXPECT_EQ(saves, 0);
  ASSERT_TRUE(bench.spool->persist_position(start + Milliseconds(1000), false));
  EXPECT_EQ(saves, 1);
  ASSERT_TRUE(bench.spool->persist_position(start + Milliseconds(9000), false));
  EXPECT_EQ(saves, 1) << "nothing changed";
  bench.spool->acknowledge(2);
  ASSERT_TRUE(bench.spool->persist_position(start + Milliseconds(9001), true));
  EXPECT_EQ(saves, 2);
}

TEST(Spool, CompletesWhatWasHandedInBeforeItCloses) {
  Bench bench;
  std::vector<std::future<Result<Receipt>>> results;
  for (int i = 0; i < 50; ++i) results.push_back(append_later(*bench.spool, {"x"}));
  bench.reopen();
  for (auto& result : results) EXPECT_TRUE(result.get());
  EXPECT_EQ(read_all(*bench.spool).size(), 50U);
}

TEST(Spool, RefusesSegmentSizesThatTheFormatCannotHold) {
  FaultFileSystem files;
  Options options;
  options.directory = "/spool";
  for (const std::uint64_t size : {std::uint64_t{0}, kMinSegmentBytes - 1, kMaxSegmentBytes + 1}) {
    options.segment_bytes = size;
    EXPECT_EQ(Spool::open(files, options).error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace hubferry::spool::test

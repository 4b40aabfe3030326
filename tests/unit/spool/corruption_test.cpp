#include <gmock/gmock.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "unit/spool/helpers.h"

namespace hubferry::spool::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t block_at(std::uint64_t index) {
  return kSegmentHeaderBytes + index * kSectorBytes;
}

// One segment with the blocks "a" to "e", each in one sector; stopped.
class Corruption : public ::testing::Test {
 protected:
  Corruption() {
    for (const char* text : {"a", "b", "c", "d", "e"}) append(*bench_.spool, {text});
    segment_ = bench_.path(bench_.segments().at(0));
    bench_.spool.reset();
  }

  void flip(std::uint64_t offset) { bench_.files.flip(segment_, offset); }
  std::string content() { return bench_.files.content(segment_); }
  void forget_position() { bench_.files.set_content(bench_.path("position"), ""); }
  std::vector<std::string> quarantined() { return bench_.files.names(bench_.path("quarantine")); }
  std::vector<std::string> open_and_read() {
    bench_.open();
    return texts(read_all(*bench_.spool));
  }
  std::uint64_t quarantined_blocks() { return bench_.spool->statistics().quarantined_blocks; }
  std::uint64_t waiting() { return bench_.spool->statistics().unacknowledged; }

  // The spool goes on: what is left can be acknowledged, the segment goes, new records come and stay.
  void expect_life_goes_on() {
    bench_.spool->rewind();
    for (const auto& record : read_all(*bench_.spool)) bench_.spool->acknowledge(record.sequence);
    EXPECT_EQ(bench_.spool->statistics().unacknowledged, 0U);
    const auto receipt = append(*bench_.spool, {"new"});
    ASSERT_TRUE(receipt);
    EXPECT_GT(receipt->first, 5U);
    EXPECT_FALSE(bench_.files.exists(segment_));
    bench_.crash();
    EXPECT_THAT(texts(read_all(*bench_.spool)), ElementsAre("new"));
    EXPECT_EQ(bench_.spool->statistics().quarantined_blocks, 0U);
  }

  Bench bench_;
  std::filesystem::path segment_;
};

TEST_F(Corruption, AFlippedPayloadByteInTheMiddleCostsOnlyItsBlock) {
  flip(block_at(2) + kBlockHeaderBytes + 4);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "d", "e"));
  EXPECT_EQ(quarantined_blocks(), 1U);
  EXPECT_EQ(waiting(), 4U);
  EXPECT_THAT(bench_.spool->notices(), ElementsAre(AllOf(HasSubstr("corrupt"), HasSubstr("3 to 3"))));
  EXPECT_EQ(quarantined().size(), 1U);
  expect_life_goes_on();
}

TEST_F(Corruption, AFlippedHeaderByteInTheMiddleCostsOnlyItsBlock) {
  flip(block_at(1) + 24);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "c", "d", "e"));
  EXPECT_EQ(quarantined_blocks(), 1U);
  expect_life_goes_on();
}

TEST_F(Corruption, EveryByteOfABlockFlippedAloneCostsAtMostThatBlock) {
  for (std::uint64_t at = 0; at < kSectorBytes; ++at) {
    flip(block_at(2) + at);
    const auto got = open_and_read();
    if (at < kBlockHeaderBytes + 5) {
      EXPECT_THAT(got, ElementsAre("a", "b", "d", "e")) << at;
    } else {
      EXPECT_THAT(got, ElementsAre("a", "b", "c", "d", "e")) << "padding, " << at;
    }
    bench_.spool.reset();
    flip(block_at(2) + at);
  }
}

TEST_F(Corruption, TheFirstBlockMayBeTheCorruptOne) {
  flip(block_at(0) + 8);
  EXPECT_THAT(open_and_read(), ElementsAre("b", "c", "d", "e"));
  EXPECT_EQ(quarantined_blocks(), 1U);
  expect_life_goes_on();
}

TEST_F(Corruption, TwoPlacesAreTwoRanges) {
  flip(block_at(1) + 8);
  flip(block_at(3) + kBlockHeaderBytes);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "c", "e"));
  EXPECT_EQ(quarantined_blocks(), 2U);
  EXPECT_EQ(quarantined().size(), 2U);
  expect_life_goes_on();
}

TEST_F(Corruption, ACorruptLastBlockThatWasDurableIsReported) {
  flip(block_at(4) + kBlockHeaderBytes);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(quarantined_blocks(), 1U);
  EXPECT_THAT(bench_.spool->notices(), ElementsAre(HasSubstr("the records 5 to 5 are missing")));
  expect_life_goes_on();
}

TEST_F(Corruption, ATornTailThatNobodyWasToldOfIsCut) {
  forget_position();
  flip(block_at(4) + kBlockHeaderBytes);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(quarantined_blocks(), 0U);
  EXPECT_THAT(bench_.spool->notices(), ElementsAre(HasSubstr("cut at byte " + std::to_string(block_at(4)))));
  EXPECT_EQ(content().size(), block_at(4));
  EXPECT_THAT(quarantined(), IsEmpty());
  EXPECT_EQ(append(*bench_.spool, {"f"})->first, 6U) << "its sequence is not used again";
}

TEST_F(Corruption, ACleanEndIsNoNews) {
  forget_position();
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(bench_.spool->notices(), IsEmpty());
  EXPECT_EQ(content().size(), block_at(5));
}

TEST_F(Corruption, BlocksOfAnEarlierUseOfTheFileAreNotTakenForRecords) {
  bench_.open();
  read_all(*bench_.spool);
  for (std::uint64_t s = 1; s <= 5; ++s) bench_.spool->acknowledge(s);
  bench_.reopen();
  ASSERT_EQ(bench_.names_like("spare").size(), 1U);
  append(*bench_.spool, {"new"});
  bench_.kill();
  EXPECT_THAT(texts(read_all(*bench_.spool)), ElementsAre("new"));
  EXPECT_THAT(bench_.spool->notices(), IsEmpty());
}

TEST_F(Corruption, AGapTowardsTheNextSegmentIsReported) {
  bench_.open();
  append(*bench_.spool, {"f"});
  bench_.spool.reset();
  auto bytes = content();
  bytes.resize(block_at(3));
  bench_.files.set_content(segment_, bytes);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "f"));
  EXPECT_EQ(quarantined_blocks(), 1U);
  EXPECT_EQ(waiting(), 4U);
  EXPECT_THAT(bench_.spool->notices(), ElementsAre(HasSubstr("the records 4 to 5 are missing")));
  expect_life_goes_on();
}

TEST_F(Corruption, AMissingSegmentFileIsReported) {
  bench_.open();
  append(*bench_.spool, {"f"});
  bench_.spool.reset();
  ASSERT_TRUE(bench_.files.remove(segment_));
  EXPECT_THAT(open_and_read(), ElementsAre("f"));
  EXPECT_THAT(bench_.spool->notices(), ElementsAre(AllOf(HasSubstr("missing"), HasSubstr("5 records"))));
}

TEST_F(Corruption, ACorruptSegmentHeaderCostsNoRecord) {
  flip(16);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(quarantined_blocks(), 1U);
  EXPECT_THAT(bench_.spool->notices(), ElementsAre(HasSubstr("the header of ")));
  expect_life_goes_on();
}

TEST_F(Corruption, ACorruptSegmentHeaderAndFirstBlockCostThatBlock) {
  flip(16);
  flip(block_at(0) + 16);
  EXPECT_THAT(open_and_read(), ElementsAre("b", "c", "d", "e"));
  EXPECT_EQ(quarantined_blocks(), 2U);
  expect_life_goes_on();
}

TEST_F(Corruption, ACorruptHeaderBetweenOtherSegmentsCostsNoRecord) {
  bench_.open();
  append(*bench_.spool, {"f"});
  const auto second = bench_.path(bench_.segments().at(1));
  bench_.reopen();
  append(*bench_.spool, {"g"});
  bench_.spool.reset();
  bench_.files.flip(second, 30);
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "d", "e", "f", "g"));
  EXPECT_EQ(quarantined_blocks(), 1U);
}

TEST_F(Corruption, AFileWithoutAnyBlockIsSetAsideAndItsSequencesAreNotUsedAgain) {
  forget_position();
  bench_.files.set_content(segment_, std::string(content().size(), '?'));
  EXPECT_THAT(open_and_read(), IsEmpty());
  EXPECT_EQ(quarantined_blocks(), 1U);
  EXPECT_THAT(quarantined(), ElementsAre(segment_.filename().string()));
  EXPECT_GT(append(*bench_.spool, {"new"})->first, 5U);
}

TEST_F(Corruption, AnEmptyFileIsSetAside) {
  bench_.files.set_content(segment_, "");
  EXPECT_THAT(open_and_read(), IsEmpty());
  EXPECT_GE(quarantined_blocks(), 1U);
  EXPECT_EQ(append(*bench_.spool, {"new"})->first, 6U);
}

TEST_F(Corruption, ASecondCopyOfASegmentIsSetAside) {
  bench_.files.set_content(bench_.path(segment_name(99)), content());
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(bench_.spool->notices(), ElementsAre(HasSubstr("second copy")));
}

TEST_F(Corruption, ALostPositionOnlyMeansSendingAgain) {
  bench_.open();
  read_all(*bench_.spool);
  for (std::uint64_t s : {1U, 2U, 5U}) bench_.spool->acknowledge(s);
  bench_.spool.reset();
  forget_position();
  EXPECT_THAT(open_and_read(), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(quarantined_blocks(), 0U);
  EXPECT_EQ(append(*bench_.spool, {"new"})->first, 6U);
}

TEST_F(Corruption, WithoutThePositionTheBlocksStillSayWhatWasAcknowledged) {
  bench_.open();
  read_all(*bench_.spool);
  bench_.spool->acknowledge(1);
  bench_.spool->acknowledge(2);
  append(*bench_.spool, {"f"});
  bench_.kill();
  bench_.spool.reset();
  forget_position();
  EXPECT_THAT(open_and_read(), ElementsAre("c", "d", "e", "f"));
}

TEST(CorruptPosition, EachBlockSaysWhatWasAcknowledgedWhenItWasWritten) {
  Bench bench;
  append(*bench.spool, {"a"});
  read_all(*bench.spool);
  bench.spool->acknowledge(1);
  append(*bench.spool, {"b"});
  bench.kill();
  bench.spool.reset();
  bench.files.set_content(bench.path("position"), "");
  bench.open();
  EXPECT_THAT(texts(read_all(*bench.spool)), ElementsAre("b"));
}

TEST_F(Corruption, ASegmentOfANewerVersionIsAClearRefusal) {
  auto bytes = content();
  store_le(bytes.data() + 8, std::uint32_t{2});
  store_le(bytes.data() + 4, crc32c(bytes.data() + 8, kSectorBytes - 8));
  bench_.files.set_content(segment_, bytes);
  const auto opened = Spool::open(bench_.files, bench_.options);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, AllOf(HasSubstr(segment_.string()), HasSubstr("version 2")));
  EXPECT_EQ(content(), bytes);
}

TEST_F(Corruption, WhatBreaksWhileItRunsIsSetAsideWhenItIsRead) {
  bench_.open();
  flip(block_at(1) + kBlockHeaderBytes);
  flip(block_at(4) + 8);
  // The first look at the disk was at the start: read on behind it.
  bench_.reopen();
  EXPECT_THAT(texts(read_all(*bench_.spool)), ElementsAre("a", "c", "d"));
  EXPECT_EQ(waiting(), 3U);
  bench_.spool->rewind();
  EXPECT_THAT(texts(read_all(*bench_.spool)), ElementsAre("a", "c", "d"));
  EXPECT_EQ(quarantined_blocks(), 2U) << "counted once";
  expect_life_goes_on();
}

TEST(CorruptionWhileRunning, ABlockThatBrokeAfterItWasDeliveredIsGivenUpByTheRewind) {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.reopen();
  for (const char text : {'a', 'b', 'c'}) append(*bench.spool, {std::string(100'000, text)});
  EXPECT_EQ(read_all(*bench.spool).size(), 3U);
  bench.files.flip(bench.path(bench.segments().at(0)), kSegmentHeaderBytes + block_bytes(100'004) + 70'000);
  bench.spool->rewind();
  const auto again = read_all(*bench.spool);
  EXPECT_THAT(sequences(again), ElementsAre(1, 3));
  EXPECT_EQ(bench.spool->statistics().quarantined_blocks, 1U);
  EXPECT_EQ(bench.spool->statistics().unacknowledged, 2U);
  bench.spool->acknowledge(1);
  bench.spool->acknowledge(3);
  EXPECT_EQ(bench.spool->statistics().low_water, 3U);
  EXPECT_EQ(bench.spool->statistics().stored_bytes, 0U);
}

TEST(CorruptionWhileRunning, ACorruptEndOfASealedSegmentDoesNotHideTheNextOne) {
  Bench bench;
  bench.options.handover_bytes = 0;
  bench.options.max_bytes = 4 << 20;
  bench.options.segment_bytes = 1 << 20;
  bench.reopen();
  for (int i = 0; i < 12; ++i) append(*bench.spool, {std::to_string(i) + std::string(100'000, 'x')});
  ASSERT_EQ(bench.segments().size(), 2U);
  bench.files.flip(bench.path(bench.segments().at(0)), kSegmentHeaderBytes + 9 * block_bytes(100'005) + 5);
  const auto all = read_all(*bench.spool);
  EXPECT_THAT(sequences(all), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12));
  for (const auto sequence : sequences(all)) bench.spool->acknowledge(sequence);
  EXPECT_EQ(bench.spool->statistics().unacknowledged, 0U);
  EXPECT_EQ(bench.spool->statistics().stored_bytes, 0U);
  EXPECT_EQ(bench.segments().size(), 1U);
}

// Whatever the bytes: it opens, ends, delivers only what was put in, and goes on.
TEST(CorruptionAnywhere, NeverStopsTheSpool) {
  const std::uint64_t first = std::random_device{}();
  for (std::uint64_t seed = first; seed < first + 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Bench bench(seed);
    std::map<std::uint64_t, std::string> kept;
    for (std::uint64_t i = 0; i < 60; ++i) {
      const std::string text = std::to_string(i) + std::string(random() % 900, 'x');
      kept[append(*bench.spool, {text})->first] = text;
      if (random() % 20 == 0) bench.reopen();
    }
    bench.spool.reset();
    const auto names = bench.segments();
    for (std::uint64_t count = 1 + random() % 6; count != 0; --count) {
      const auto path = bench.path(names[random() % names.size()]);
      auto bytes = bench.files.content(path);
      const std::uint64_t at = random() % bytes.size();
      const std::uint64_t size = std::min<std::uint64_t>(random() % 3000, bytes.size() - at);
      for (std::uint64_t i = at; i < at + size; ++i) bytes[i] = static_cast<char>(random());
      if (random() % 4 == 0) bytes.resize(at);
      bench.files.set_content(path, bytes);
    }
    if (random() % 2 == 0) bench.files.set_content(bench.path("position"), "");
    bench.open();
    const auto all = read_all(*bench.spool);
    for (const auto& record : all) ASSERT_EQ(kept[record.sequence], record.bytes);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.sequence < b.sequence; }));
    EXPECT_EQ(bench.spool->statistics().unacknowledged, all.size());
    const auto receipt = append(*bench.spool, {"new"});
    ASSERT_TRUE(receipt);
    EXPECT_THAT(texts(read_all(*bench.spool)), ElementsAre("new"));
    for (const auto& record : all) bench.spool->acknowledge(record.sequence);
    bench.spool->acknowledge(receipt->first);
    EXPECT_EQ(bench.spool->statistics().unacknowledged, 0U);
    EXPECT_EQ(bench.spool->statistics().stored_bytes, 0U);
    bench.reopen();
    EXPECT_THAT(read_all(*bench.spool), IsEmpty());
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace hubferry::spool::test

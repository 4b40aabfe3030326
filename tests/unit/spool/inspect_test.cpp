#include "spool/inspect.h"

#include <gmock/gmock.h>

#include <random>
#include <thread>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/ids.h"
#include "spool/read_only.h"
#include "unit/spool/helpers.h"

namespace hubferry::spool::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t block_at(std::uint64_t index) {
  return kSegmentHeaderBytes + index * kSectorBytes;
}
constexpr std::uint64_t kBlocksPerSegment = (kMinSegmentBytes - kSegmentHeaderBytes) / kSectorBytes;

class Inspecting : public ::testing::Test {
 protected:
  void append_blocks(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(append(*bench_.spool, {"record " + std::to_string(++made_)}));
  }
  void acknowledge(const std::vector<std::uint64_t>& sequences) {
    (void)read_all(*bench_.spool);
    for (const auto sequence : sequences) bench_.spool->acknowledge(sequence);
  }
  void stop() { bench_.spool.reset(); }
  std::filesystem::path segment(std::size_t index) { return bench_.path(bench_.segments().at(index)); }

  Result<Inspection> try_inspect() { return inspect(bench_.files, bench_.options.directory); }
  Inspection inspected() {
    auto result = try_inspect();
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::move(*result) : Inspection{};
  }
  // The records that are not acknowledged, as read_all() gives them.
  std::vector<Delivered> waiting() {
    std::vector<Delivered> records;
    const auto result = inspect(bench_.files, bench_.options.directory, [&records](const InspectedRecord& record) {
      if (!record.acknowledged) records.push_back({record.sequence, std::string(record.bytes), record.source});
      return true;
    });
    EXPECT_TRUE(result);
    return records;
  }

  Bench bench_;
  std::uint64_t made_ = 0;
};

TEST_F(Inspecting, CountsBlocksRecordsBytesAndAcknowledgements) {
  ASSERT_TRUE(append(*bench_.spool, {"a", "bb"}));
  ASSERT_TRUE(append(*bench_.spool, {"ccc", "dddd", "eeeee"}));
  acknowledge({1, 2, 4});
  stop();
  const auto found = inspected();
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_THAT(found.remarks, IsEmpty());
  ASSERT_THAT(found.segments, SizeIs(1));
  EXPECT_EQ(found.segments[0].last_sequence, 5U);
  EXPECT_EQ(found.position, Inspection::PositionState::kSound);
  EXPECT_EQ(found.blocks, 2U);
  EXPECT_EQ(found.records, 5U);
  EXPECT_EQ(found.bytes, 15U);
  EXPECT_EQ(found.low_water, 2U);
  EXPECT_EQ(found.unacknowledged, 2U);
  EXPECT_THAT(texts(waiting()), ElementsAre("ccc", "eeeee"));
}

TEST_F(Inspecting, ChangesNothing) {
  append_blocks(2 * kBlocksPerSegment);
  stop();
  bench_.files.flip(segment(0), block_at(3) + 70);
  bench_.files.flip(segment(1), 20);
  bench_.files.set_hook([](FaultFileSystem::Op op, const std::string& name) -> std::optional<Error> {
    if (op != FaultFileSystem::Op::kOpen && op != FaultFileSystem::Op::kRead) ADD_FAILURE() << "changed " << name;
    return std::nullopt;
  });
  EXPECT_THAT(inspected().damage, SizeIs(2));
}

TEST_F(Inspecting, TellsADamagedByteInTheMiddleAndGoesOn) {
  append_blocks(5);
  stop();
  bench_.files.flip(segment(0), block_at(2) + kBlockHeaderBytes + 5);
  const auto found = inspected();
  EXPECT_THAT(
      found.damage,
      ElementsAre(AllOf(HasSubstr("bytes " + std::to_string(block_at(2)) + " to " + std::to_string(block_at(3))),
                        HasSubstr("record 3 missing"), HasSubstr("1 of them not acknowledged"))));
  EXPECT_EQ(found.lost, 1U);
  EXPECT_EQ(found.unacknowledged, 4U);
  EXPECT_THAT(sequences(waiting()), ElementsAre(1, 2, 4, 5));
}

TEST_F(Inspecting, DamageInAcknowledgedRecordsLosesNothing) {
  append_blocks(5);
  acknowledge({1, 3});
  stop();
  bench_.files.flip(segment(0), block_at(2) + kBlockHeaderBytes + 5);
  const auto found = inspected();
  EXPECT_THAT(found.damage, ElementsAre(HasSubstr("all acknowledged before")));
  EXPECT_EQ(found.lost, 0U);
}

TEST_F(Inspecting, ATornTailIsARemark) {
  append_blocks(3);
  stop();
  ASSERT_TRUE(bench_.files.remove(bench_.path("position")));
  auto bytes = bench_.files.content(segment(0));
  bytes.resize(block_at(2));
  std::vector<char> torn(kSectorBytes);
  encode_block_header({.payload_crc = 1,
                       .payload_bytes = 100,
                       .segment_id = load_le<std::uint64_t>(bytes.data() + 16),
                       .first_sequence = 3,
                       .count = 1},
                      torn.data());
  bytes.append(torn.begin(), torn.end());
  bench_.files.set_content(segment(0), bytes);
  const auto found = inspected();
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_THAT(found.remarks, ElementsAre(HasSubstr("not complete")));
  EXPECT_EQ(found.records, 2U);
}

TEST_F(Inspecting, ATornBlockThatThePositionCallsDurableIsDamage) {
  append_blocks(3);
  stop();
  bench_.files.flip(segment(0), block_at(2) + kBlockHeaderBytes + 5);
  const auto found = inspected();
  EXPECT_THAT(found.damage, ElementsAre(HasSubstr("record 3 missing")));
  EXPECT_EQ(found.lost, 1U);
}

TEST_F(Inspecting, TellsMissingSegmentsInFrontAndInTheMiddle) {
  append_blocks(3 * kBlocksPerSegment);
  stop();
  const auto first = segment(0);
  const auto middle = segment(1);
  ASSERT_TRUE(bench_.files.remove(middle));
  EXPECT_THAT(inspected().damage, ElementsAre(HasSubstr("records 25 to 48 missing, 24 of them")));
  ASSERT_TRUE(bench_.files.remove(first));
  const auto found = inspected();
  EXPECT_THAT(found.damage, ElementsAre(AllOf(HasSubstr("segment files are missing"), HasSubstr("48 records"))));
  EXPECT_EQ(found.lost, 48U);
}

TEST_F(Inspecting, TellsThatAllSegmentsAreMissing) {
  append_blocks(2);
  stop();
  ASSERT_TRUE(bench_.files.remove(segment(0)));
  EXPECT_EQ(inspected().lost, 2U);
}

TEST_F(Inspecting, FindsTheBlocksOfASegmentWithoutItsHeader) {
  append_blocks(3);
  stop();
  bench_.files.flip(segment(0), 20);
  const auto found = inspected();
  EXPECT_THAT(found.damage, ElementsAre(HasSubstr("header is corrupt")));
  EXPECT_THAT(sequences(waiting()), ElementsAre(1, 2, 3));
}

TEST_F(Inspecting, ANewerVersionIsAnError) {
  append_blocks(1);
  stop();
  auto bytes = bench_.files.content(segment(0));
  store_le(bytes.data() + 8, std::uint32_t{2});
  store_le(bytes.data() + 4, crc32c(bytes.data() + 8, kSectorBytes - 8));
  bench_.files.set_content(segment(0), bytes);
  const auto found = try_inspect();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(found.error().message, AllOf(HasSubstr(".seg"), HasSubstr("version 2"), HasSubstr("newer")));
}

TEST_F(Inspecting, WithoutASoundPositionTheBlocksTellTheLowWaterMark) {
  append_blocks(2);
  acknowledge({1, 2});
  append_blocks(1);  // knows that 2 is acknowledged
  stop();
  bench_.files.set_content(bench_.path("position"), "rubbish");
  EXPECT_EQ(inspected().position, Inspection::PositionState::kCorrupt);
  ASSERT_TRUE(bench_.files.remove(bench_.path("position")));
  const auto found = inspected();
  EXPECT_EQ(found.position, Inspection::PositionState::kMissing);
  EXPECT_EQ(found.low_water, 2U);
  EXPECT_THAT(sequences(waiting()), ElementsAre(3));
}

TEST_F(Inspecting, AnUnreadableSectorIsDamage) {
  append_blocks(3);
  stop();
  bench_.files.set_unreadable(segment(0), block_at(1) + 10);
  const auto found = inspected();
  EXPECT_THAT(found.damage, Not(IsEmpty()));
  EXPECT_THAT(found.damage, ::testing::Contains(HasSubstr("unreadable sector")));
}

TEST_F(Inspecting, CountsWhatIsInQuarantine) {
  append_blocks(4);
  stop();
  bench_.files.flip(segment(0), block_at(1) + kBlockHeaderBytes + 5);
  bench_.open();
  stop();
  const auto found = inspected();
  EXPECT_EQ(found.quarantine_files, 1U);
  EXPECT_EQ(found.quarantine_bytes, kSectorBytes);
}

TEST_F(Inspecting, TheVisitorCanEndIt) {
  append_blocks(5);
  std::vector<std::uint64_t> seen;
  ASSERT_TRUE(inspect(bench_.files, bench_.options.directory, [&seen](const InspectedRecord& record) {
    seen.push_back(record.sequence);
    return seen.size() < 2;
  }));
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

// Another process writes: at each possible read of the segment.
TEST_F(Inspecting, ABlockThatIsCompletedMeanwhileIsNoDamage) {
  append_blocks(6);
  const auto path = segment(0);
  const auto whole = bench_.files.content(path);
  stop();
  ASSERT_TRUE(bench_.files.remove(bench_.path("position")));
  auto torn = whole;
  std::fill(torn.begin() + static_cast<std::ptrdiff_t>(block_at(3) + kBlockHeaderBytes), torn.end(), '\0');
  bool over = false;
  for (int turn = 1; !over; ++turn) {
    bench_.files.set_hook(nullptr);
    bench_.files.set_content(path, torn);
    int reads = 0;
    bench_.files.set_hook([&](FaultFileSystem::Op op, const std::string& name) -> std::optional<Error> {
      if (op == FaultFileSystem::Op::kRead && name == path.filename() && ++reads == turn) {
        bench_.files.set_content(path, whole);
      }
      return std::nullopt;
    });
    EXPECT_THAT(inspected().damage, IsEmpty()) << "completed at read " << turn;
    over = reads < turn;
  }
}

TEST_F(Inspecting, ASegmentThatIsReleasedAndUsedAgainMeanwhileIsNoDamage) {
  append_blocks(2 * kBlocksPerSegment);
  stop();
  const auto path = segment(0);
  const auto spare = bench_.path("spare-9.seg");
  const auto whole = bench_.files.content(path);
  std::string reused(whole.size(), 'x');
  bool over = false;
  for (int turn = 1; !over; ++turn) {
    bench_.files.set_hook(nullptr);
    (void)bench_.files.remove(spare);
    bench_.files.set_content(path, whole);
    int reads = 0;
    bench_.files.set_hook([&](FaultFileSystem::Op op, const std::string& name) -> std::optional<Error> {
      if (op == FaultFileSystem::Op::kRead && name == path.filename() && ++reads == turn) {
        EXPECT_TRUE(bench_.files.rename(path, spare));
        bench_.files.set_content(spare, reused);
      }
      return std::nullopt;
    });
    EXPECT_THAT(inspected().damage, IsEmpty()) << "used again at read " << turn;
    over = reads < turn;
  }
}

TEST_F(Inspecting, ASpoolInUseIsAlwaysSound) {
  std::jthread traffic([this] {
    for (int i = 0; i < 4000; ++i) {
      ASSERT_TRUE(append(*bench_.spool, {std::string(static_cast<std::size_t>(i % 700), 'x')}));
      for (const auto& record : read_all(*bench_.spool)) bench_.spool->acknowledge(record.sequence);
    }
  });
  std::uint64_t rounds = 0;
  std::jthread inspector([&](const std::stop_token& stop) {
    for (; !stop.stop_requested() || rounds == 0; ++rounds) {
      const auto found = inspected();
      EXPECT_THAT(found.damage, IsEmpty());
      EXPECT_EQ(found.lost, 0U);
    }
  });
  traffic.join();
  inspector.request_stop();
  inspector.join();
  EXPECT_GE(rounds, 1U);
}

TEST_F(Inspecting, GivesWhatAStartWouldDeliverWhateverIsDamaged) {
  const std::uint64_t seed = random_id();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  for (int turn = 0; turn < 150; ++turn) {
    Bench bench(random());
    const std::uint64_t count = 1 + below(60);
    const bool in_order = below(2) == 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      ASSERT_TRUE(append(*bench.spool, {std::to_string(i), "second"}));
      if (below(4) != 0) continue;
      (void)read_all(*bench.spool);
      for (std::uint64_t sequence = 1; sequence <= 2 * i; ++sequence) {
        if (in_order || below(3) == 0) bench.spool->acknowledge(sequence);
      }
    }
    if (below(2) == 0) bench.files.power_off_after(0);  // the last position is not saved
    bench.spool.reset();
    bench.files.kill();
    const auto segments = bench.segments();
    for (std::uint64_t flips = below(4); flips > 0 && !segments.empty(); --flips) {
      const auto path = bench.path(segments[below(segments.size())]);
      const auto size = bench.files.content(path).size();
      bench.files.flip(path,
                       below(4) == 0 ? below(kSectorBytes) : kSegmentHeaderBytes + below(size - kSegmentHeaderBytes));
    }
    if (below(8) == 0) bench.files.set_content(bench.path("position"), "");

    std::vector<Delivered> expected;
    const auto found = inspect(bench.files, bench.options.directory, [&expected](const InspectedRecord& record) {
      if (!record.acknowledged) expected.push_back({record.sequence, std::string(record.bytes), record.source});
      return true;
    });
    ASSERT_TRUE(found) << found.error().message;
    bench.open();
    EXPECT_EQ(read_all(*bench.spool), expected) << "turn " << turn;
    EXPECT_EQ(found->unacknowledged, expected.size()) << "turn " << turn;
    if (HasFailure()) return;
  }
}

TEST(DryRun, OpeningASpoolChangesNothing) {
  Bench bench;
  ASSERT_TRUE(append(*bench.spool, {"a"}));
  ASSERT_TRUE(append(*bench.spool, {"b"}));
  ASSERT_TRUE(append(*bench.spool, {"c"}));
  bench.spool.reset();
  const auto path = bench.path(bench.segments().at(0));
  bench.files.flip(path, block_at(1) + kBlockHeaderBytes + 4);
  bench.files.set_content(bench.path("lock"), "");
  const auto names = bench.files.names(bench.options.directory);
  const auto bytes = bench.files.content(path);
  const auto position = bench.files.content(bench.path("position"));

  DryRunFileSystem dry(bench.files);
  {
    auto spool = Spool::open(dry, bench.options);
    ASSERT_TRUE(spool) << spool.error().message;
    EXPECT_THAT(texts(read_all(**spool)), ElementsAre("a", "c"));
    EXPECT_EQ((*spool)->statistics().quarantined_blocks, 1U);
    EXPECT_FALSE(Spool::open(bench.files, bench.options)) << "the lock is taken";
  }
  EXPECT_EQ(bench.files.names(bench.options.directory), names);
  EXPECT_EQ(bench.files.content(path), bytes);
  EXPECT_EQ(bench.files.content(bench.path("position")), position);
}

}  // namespace
}  // namespace hubferry::spool::test

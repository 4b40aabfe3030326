// What the spool keeps for the rooms beside it: the sender's attachment, the companion's notes, the sources.
#include <gmock/gmock.h>

#include "spool/position.h"
#include "unit/spool/helpers.h"

namespace hubferry::spool::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Attachment, ComesBackAfterARestartWithThePosition) {
  Bench bench;
  EXPECT_EQ(bench.spool->attachment(), "");
  bench.spool->attach("tails");
  ASSERT_TRUE(bench.spool->persist_position({}, true));
  bench.crash();
  EXPECT_EQ(bench.spool->attachment(), "tails");
  bench.reopen();
  EXPECT_EQ(bench.spool->attachment(), "tails") << "a start without a change loses nothing";
}

TEST(Attachment, IsNeverNewerThanTheAcknowledgementsThatWereSaved) {
  Bench bench;
  bench.spool.reset();
  bench.options.segment_bytes = 1 << 20;
  bench.open();
  const std::vector<std::string> records(2 * PositionFile::kMaxRanges + 10, "r");
  ASSERT_TRUE(append(*bench.spool, records));
  read_all(*bench.spool);
  bench.spool->attach("before");
  ASSERT_TRUE(bench.spool->persist_position({}, true));
  for (std::uint64_t sequence = 2; sequence <= records.size(); sequence += 2) bench.spool->acknowledge(sequence);
  bench.spool->attach("after");
  ASSERT_TRUE(bench.spool->persist_position({}, true));
  bench.crash();
  EXPECT_EQ(bench.spool->attachment(), "before") << "more ranges than a position holds";
}

TEST(Attachment, ThatIsTooLargeIsRefusedAndTheOldOneKept) {
  Bench bench;
  bench.spool->attach("small");
  ASSERT_TRUE(bench.spool->persist_position({}, true));
  bench.spool->attach(std::string(Spool::kMaxAttachment + 1, 'x'));
  const auto status = bench.spool->persist_position({}, true);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("does not fit"));
  bench.crash();
  EXPECT_EQ(bench.spool->attachment(), "small");
}

TEST(Attachment, OfTheLargestSizeFitsBesideTheMostRanges) {
  FaultFileSystem files;
  Position position;
  for (std::uint64_t i = 0; i < PositionFile::kMaxRanges; ++i) position.acknowledged.push_back({2 * i + 2, 2 * i + 2});
  position.next_sequence = 1'000'000;
  position.attachment.assign(PositionFile::kMaxAttachment, 'a');
  {
    PositionFile file(files, "/spool");
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(file.save(position));
  }
  EXPECT_EQ(PositionFile(files, "/spool").load(), position);
}

TEST(Sources, AreThoseOfTheRecordsFoundAndTheOwnOne) {
  Bench bench;
  const auto first = append(*bench.spool, {"a"});
  bench.reopen();
  const auto second = append(*bench.spool, {"b"});
  EXPECT_THAT(bench.spool->sources(), ElementsAre(first->source, second->source));
}

TEST(LastBlock, IsTheNewestDurableOne) {
  Bench bench;
  EXPECT_EQ(bench.spool->last_block(), nullptr);
  append(*bench.spool, {"a"});
  append(*bench.spool, {"b", "c"});
  bench.crash();
  ASSERT_NE(bench.spool->last_block(), nullptr);
  EXPECT_THAT(texts(records_of(*bench.spool->last_block())), ElementsAre("b", "c"));
}

class Companion : public CommitCompanion {
 public:
  Status committed(std::span<const Noted> noted) override {
    for (const auto& one : noted)
      notes.push_back(std::string(one.note) + " " + std::to_string(one.first) + "-" + std::to_string(one.last));
    if (fails) return fail(ErrorCode::kIo, "no room for keys");
    return {};
  }
  std::vector<std::string> notes;
  bool fails = false;
};

Result<Receipt> append_noted(Spool& spool, const std::vector<std::string>& records, const std::string& note) {
  RecordBatch batch = batch_of(records);
  batch.set_note(note);
  std::promise<Result<Receipt>> promise;
  spool.append(std::move(batch), [&promise](const Result<Receipt>& result) { promise.set_value(result); });
  return promise.get_future().get();
}

TEST(CommitCompanion, LearnsTheNotesBeforeTheReceiptIsGiven) {
  Companion companion;
  Bench bench;
  bench.spool.reset();
  bench.options.companion = &companion;
  bench.open();
  ASSERT_TRUE(append_noted(*bench.spool, {"a", "b"}, "one"));
  EXPECT_THAT(companion.notes, ElementsAre("one 1-2"));
  ASSERT_TRUE(append(*bench.spool, {"c"}));
  ASSERT_TRUE(append_noted(*bench.spool, {"d"}, "two"));
  EXPECT_THAT(companion.notes, ElementsAre("one 1-2", "two 4-4"));
}

TEST(CommitCompanion, ThatFailsTakesNoReceiptBackAndIsReported) {
  Companion companion;
  companion.fails = true;
  Bench bench;
  bench.spool.reset();
  bench.options.companion = &companion;
  bench.open();
  EXPECT_TRUE(append_noted(*bench.spool, {"a"}, "one"));
  EXPECT_THAT(bench.spool->notices(), ElementsAre(HasSubstr("no room for keys")));
}

}  // namespace
}  // namespace hubferry::spool::test

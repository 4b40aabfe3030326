#include "ctl/replay_note.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "consume/commit_note.h"

namespace hubferry::ctl {
namespace {

TEST(ReplayNote, GoesOnToTheFirstOpenOffset) {
  ReplayNote note(10);
  note.settle(12, 14);
  EXPECT_EQ(note.start(), 10);
  EXPECT_TRUE(note.settled(9));
  EXPECT_FALSE(note.settled(10));
  EXPECT_TRUE(note.settled(13));
  EXPECT_FALSE(note.settled(14));
  note.settle(10, 12);
  EXPECT_EQ(note.start(), 14);
  note.settle(3, 5);
  EXPECT_EQ(note.start(), 14);
}

TEST(ReplayNote, RemembersWhatItSaved) {
  ReplayNote note(5);
  note.settle(7, 8);
  note.settle(9, 12);
  const auto saved = note.save();
  EXPECT_EQ(saved.forgotten, 0U);
  const ReplayNote again = ReplayNote::read(5, saved.metadata);
  for (std::int64_t offset = 0; offset < 20; ++offset) EXPECT_EQ(again.settled(offset), note.settled(offset)) << offset;
}

TEST(ReplayNote, CountsWhatDoesNotFit) {
  ReplayNote note(0);
  for (std::int64_t offset = 1; offset < 2'000'000; offset += 1'000) note.settle(offset, offset + 1);
  const auto saved = note.save();
  EXPECT_LE(saved.metadata.size(), consume::kMostNoteBytes);
  EXPECT_GT(saved.forgotten, 0U);
  const ReplayNote again = ReplayNote::read(0, saved.metadata);
  std::uint64_t kept = 0;
  for (std::int64_t offset = 1; offset < 2'000'000; offset += 1'000) kept += again.settled(offset) ? 1 : 0;
  EXPECT_EQ(kept + saved.forgotten, 2'000U);
}

TEST(ReplayNote, TakesNoWordFromOthers) {
  EXPECT_EQ(ReplayNote::read(-1, "").start(), 0);
  const ReplayNote foreign = ReplayNote::read(8, "some other tool");
  EXPECT_EQ(foreign.start(), 8);
  EXPECT_FALSE(foreign.settled(8));
}

TEST(ReplayNote, AgreesWithASetOfOffsets) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    ReplayNote note(0);
    std::set<std::int64_t> model;
    for (int i = 0; i < 30; ++i) {
      const std::int64_t first = random() % 60;
      const std::int64_t end = first + random() % 6;
      note.settle(first, end);
      for (std::int64_t offset = first; offset < end; ++offset) model.insert(offset);
      std::int64_t start = 0;
      while (model.contains(start)) ++start;
      ASSERT_EQ(note.start(), start);
      for (std::int64_t offset = 0; offset < 70; ++offset) ASSERT_EQ(note.settled(offset), model.contains(offset));
    }
  }
}

}  // namespace
}  // namespace hubferry::ctl

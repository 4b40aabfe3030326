#include "spool/position.h"

#include <gtest/gtest.h>

#include "unit/spool/fault_file_system.h"

namespace hubferry::spool::test {
namespace {

const std::filesystem::path kDirectory = "/spool";
const std::filesystem::path kFile = kDirectory / "position";

Position some(std::uint64_t low_water) {
  return {low_water, low_water + 100, low_water + 50, {{low_water + 2, low_water + 3}, {low_water + 9, low_water + 9}}};
}

std::optional<Position> load(FaultFileSystem& files) {
  return PositionFile(files, kDirectory).load();
}

TEST(PositionFile, GivesBackTheLastOneSaved) {
  FaultFileSystem files;
  EXPECT_FALSE(load(files));
  PositionFile file(files, kDirectory);
  for (std::uint64_t low = 1; low < 6; ++low) {
    ASSERT_TRUE(file.save(some(low)));
    files.crash();
    EXPECT_EQ(load(files), some(low));
  }
}

TEST(PositionFile, FallsBackToTheSlotBeforeWhenOneIsTorn) {
  FaultFileSystem files;
  PositionFile file(files, kDirectory);
  ASSERT_TRUE(file.save(some(1)));  // generation 1: the second slot
  ASSERT_TRUE(file.save(some(2)));
  files.flip(kFile, 70);
  EXPECT_EQ(load(files), some(1));
  files.flip(kFile, PositionFile::kSlotBytes + 30);
  EXPECT_FALSE(load(files));
}

TEST(PositionFile, WritesItsSlotsInTurn) {
  FaultFileSystem files;
  PositionFile file(files, kDirectory);
  for (std::uint64_t low = 1; low <= 3; ++low) ASSERT_TRUE(file.save(some(low)));
  files.flip(kFile, PositionFile::kSlotBytes + 30);  // generation 3
  EXPECT_EQ(load(files), some(2));
}

// The newest slot may be seen without being on disk: the next save must not go over the only one that is.
TEST(PositionFile, ASaveAfterAStartNeverCostsTheLastDurablePosition) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    FaultFileSystem files(seed);
    {
      PositionFile file(files, kDirectory);
      ASSERT_TRUE(file.save(some(1)));
      files.set_hook([](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
        if (op != FaultFileSystem::Op::kSync) return std::nullopt;
        return Error{ErrorCode::kIo, "injected", Disposition::kReject};
      });
      EXPECT_FALSE(file.save(some(2)));
      files.set_hook({});
    }
    files.kill();
    {
      PositionFile file(files, kDirectory);
      ASSERT_TRUE(file.load());
      Position large{3, 10'000, 0, {}};  // several sectors, so that its write can tear
      for (std::uint64_t s = 5; s < 1'000; s += 2) large.acknowledged.push_back({s, s});
      files.power_off_after(seed % 4);
      (void)file.save(large);
    }
    files.crash();
    EXPECT_TRUE(load(files)) << "seed " << seed;
  }
}

TEST(PositionFile, KeepsTheRangesNearestToTheLowWaterMark) {
  FaultFileSystem files;
  Position position{1, 1'000'000, 0, {}};
  for (std::uint64_t s = 3; position.acknowledged.size() < 2 * PositionFile::kMaxRanges; s += 2) {
    position.acknowledged.push_back({s, s});
  }
  ASSERT_TRUE(PositionFile(files, kDirectory).save(position));
  position.acknowledged.resize(PositionFile::kMaxRanges);
  EXPECT_EQ(load(files), position);
}

TEST(PositionFile, IsWrittenAnewAfterAFailedSync) {
  FaultFileSystem files(7);
  PositionFile file(files, kDirectory);
  ASSERT_TRUE(file.save(some(1)));
  int syncs = 0;
  int renames = 0;
  files.set_hook([&](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
    if (op == FaultFileSystem::Op::kRename) ++renames;
    if (op != FaultFileSystem::Op::kSync || ++syncs > 1) return std::nullopt;
    return Error{ErrorCode::kIo, "injected", Disposition::kReject};
  });
  EXPECT_FALSE(file.save(some(2)));
  ASSERT_TRUE(file.save(some(3)));
  EXPECT_EQ(renames, 1);
  files.crash();
  EXPECT_EQ(load(files), some(3));
}

TEST(PositionFile, RefusesWhatContradictsItself) {
  for (const Position& wrong : {Position{10, 10, 0, {}}, Position{1, 10, 10, {}}, Position{1, 10, 0, {{1, 2}}},
                                Position{1, 10, 0, {{4, 3}}}, Position{1, 10, 0, {{3, 5}, {5, 6}}}}) {
    FaultFileSystem files;
    ASSERT_TRUE(PositionFile(files, kDirectory).save(wrong));
    EXPECT_FALSE(load(files));
  }
}

}  // namespace
}  // namespace hubferry::spool::test

#include "consume/commit_note.h"

#include <gtest/gtest.h>

#include <random>

namespace hubferry::consume {
namespace {

TEST(CommitNote, ReadsBackWhatWasWritten) {
  CommitNote note;
  note.partitions_at_start = 8;
  note.finished = {{101, 101}, {105, 400}, {100'000, 100'001}};
  note.failures = {{100, 2}, {104, 1}, {99'999, 1'000}};
  note.parked = {0, 1, UINT64_MAX};
  EXPECT_EQ(decode_note(encode(note, 100), 100), note);
}

TEST(CommitNote, AnEmptyTextIsAnEmptyNote) {
  EXPECT_EQ(decode_note("", 5), CommitNote{});
  EXPECT_EQ(decode_note(encode({}, 5), 5), CommitNote{});
}

TEST(CommitNote, RandomNotesFitAndReadBack) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    const auto committed = static_cast<std::int64_t>(random() % 1'000'000'000'000);
    CommitNote note;
    note.partitions_at_start = static_cast<std::int32_t>(random() % 100'000);
    // Either dense within the span of a bit map, or few and far.
    const bool dense = random() % 2 == 0;
    const std::int64_t most = dense ? kMostSpan : 1'000'000;
    std::int64_t at = committed + 1;
    while (note.finished.size() < (dense ? 10'000 : kMostRuns)) {
      const std::int64_t first = at + static_cast<std::int64_t>(random() % (dense ? 2 : 10'000));
      const std::int64_t last = first + static_cast<std::int64_t>(random() % (dense ? 2 : 10'000));
      if (last - committed >= most) break;
      note.finished.push_back({first, last});
      at = last + 2;
    }
    while (note.failures.size() < random() % (kMostFailures + 1)) {
      note.failures[committed + static_cast<std::int64_t>(random() % 1'000'000)] =
          1 + static_cast<std::uint32_t>(random() % 1'000);
    }
    while (note.parked.size() < random() % (kMostParked + 1)) note.parked.insert(random());
    const std::string text = encode(note, committed);
    ASSERT_LE(text.size(), kMostNoteBytes);
    ASSERT_EQ(text.find('\0'), std::string::npos);
    ASSERT_EQ(decode_note(text, committed), note) << text;
  }
}

TEST(CommitNote, WhatDoesNotFitIsLeftOutFromTheTop) {
  CommitNote note;
  for (std::int64_t i = 0; i < 2'000; ++i) note.finished.push_back({10'000 * i + 1, 10'000 * i + 5'000});
  for (std::int64_t i = 0; i < 100; ++i) note.failures[i * 10'000] = 3;
  for (std::uint64_t i = 0; i < 100; ++i) note.parked.insert(i);
  const std::string text = encode(note, 0);
  EXPECT_LE(text.size(), kMostNoteBytes);
  const auto read = decode_note(text, 0);
  ASSERT_TRUE(read);
  ASSERT_GE(read->finished.size(), kMostRuns);
  EXPECT_TRUE(std::equal(read->finished.begin(), read->finished.end(), note.finished.begin()));
  EXPECT_EQ(read->failures.size(), kMostFailures);
  EXPECT_EQ(read->failures.rbegin()->first, 10'000 * static_cast<std::int64_t>(kMostFailures - 1));
  EXPECT_EQ(read->parked.size(), kMostParked);
}

TEST(CommitNote, ForeignAndDamagedTextIsRefused) {
  for (const char* text : {"x", "hf1", "hf2 00000000", "{\"a\":1}", "hf1 n8 00000000", "hf1  "}) {
    EXPECT_FALSE(decode_note(text, 0)) << text;
  }
  CommitNote note;
  note.partitions_at_start = 8;
  note.finished = {{3, 9}};
  note.failures = {{1, 2}};
  const std::string good = encode(note, 0);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      EXPECT_FALSE(decode_note(bad, 0)) << bad;
    }
    EXPECT_FALSE(decode_note(good.substr(0, i), 0) && i != 0) << i;
  }
}

}  // namespace
}  // namespace hubferry::consume

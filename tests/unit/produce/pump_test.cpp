#include "produce/pump.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "event/frame.h"
#include "event/partitioner.h"
#include "spool/record_batch.h"

namespace hubferry::produce {
namespace {

constexpr std::uint64_t kSource = 0xABCDEF;

std::shared_ptr<const spool::Block> block_of(std::uint64_t first, const std::vector<event::OutboundEvent>& events) {
  spool::RecordBatch batch;
  for (const auto& e : events) {
    event::encode_frame(e, batch.add(static_cast<std::uint32_t>(event::frame_size(e))));
  }
  auto storage = std::make_unique<char[]>(batch.bytes().size());
  std::memcpy(storage.get(), batch.bytes().data(), batch.bytes().size());
  const std::string_view frames(storage.get(), batch.bytes().size());
  return std::make_shared<spool::Block>(kSource, 0U, first, batch.count(), 0, std::move(storage), frames);
}

std::shared_ptr<const spool::Block> block_of(std::uint64_t first, std::size_t count) {
  return block_of(first, std::vector<event::OutboundEvent>(count, {.key = std::nullopt, .value = "v", .headers = {}}));
}

std::vector<std::uint64_t> send_all(Pump& pump) {
  std::vector<std::uint64_t> sent;
  while (const auto* record = pump.head()) {
    sent.push_back(record->ticket);
    pump.sent();
  }
  return sent;
}

TEST(Pump, WaitsForThePartitionCount) {
  Pump pump({});
  pump.add_block(block_of(1, 1), nullptr);
  EXPECT_EQ(pump.head(), nullptr);
  pump.set_partition_count(4);
  EXPECT_NE(pump.head(), nullptr);
}

TEST(Pump, GivesOutRecordsInSequenceWithTheirOrigin) {
  Pump pump({});
  pump.set_partition_count(4);
  pump.add_block(
      block_of(5, {{.key = "k", .value = "a", .headers = {{"h", "1"}}}, {.key = "k", .value = "b", .headers = {}}}),
      nullptr);
  pump.add_block(block_of(7, 1), nullptr);
  const auto* record = pump.head();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->value, "a");
  EXPECT_EQ(record->key, "k");
  EXPECT_EQ(record->partition, event::murmur2_partition("k", 4));
  ASSERT_EQ(record->headers.size(), 2U);
  EXPECT_EQ(record->headers[0].name, "h");
  EXPECT_EQ(event::decode_origin(*record->headers[1].value), (event::Origin{kSource, 5, 0}));
  EXPECT_EQ(send_all(pump), (std::vector<std::uint64_t>{5, 6, 7}));
}

TEST(Pump, OffersTheSameRecordUntilItWasSent) {
  Pump pump({});
  pump.set_partition_count(1);
  pump.add_block(block_of(1, 2), nullptr);
  EXPECT_EQ(pump.head()->ticket, 1U);
  EXPECT_EQ(pump.head()->ticket, 1U);
  pump.sent();
  EXPECT_EQ(pump.head()->ticket, 2U);
}

TEST(Pump, KeepsABlockUntilItsLastAcknowledgement) {
  Pump pump({.in_flight_bytes = 1});
  pump.set_partition_count(1);
  auto block = block_of(1, 3);
  const std::weak_ptr<const spool::Block> watch = block;
  pump.add_block(std::move(block), nullptr);
  EXPECT_FALSE(pump.wants_block());
  send_all(pump);
  pump.acknowledged(3);
  pump.acknowledged(1);
  EXPECT_FALSE(watch.expired());
  EXPECT_FALSE(pump.wants_block());
  pump.acknowledged(2);
  EXPECT_TRUE(watch.expired());
  EXPECT_TRUE(pump.wants_block());
  EXPECT_EQ(pump.unacknowledged(), 0U);
}

TEST(Pump, PassesOverWhatWasAcknowledgedBeforeARestart) {
  Pump pump({});
  pump.set_partition_count(1);
  const std::set<std::uint64_t> known{2, 3, 5, 6};
  const auto acknowledged = [&known](std::uint64_t sequence) { return known.contains(sequence); };
  pump.add_block(block_of(1, 4), acknowledged);
  pump.add_block(block_of(5, 2), acknowledged);
  pump.add_block(block_of(7, 1), acknowledged);
  EXPECT_EQ(send_all(pump), (std::vector<std::uint64_t>{1, 4, 7}));
  for (const std::uint64_t sequence : {1, 4, 7}) pump.acknowledged(sequence);
  EXPECT_EQ(pump.unacknowledged(), 0U);
}

TEST(Pump, SendsEverythingAgainAfterAReset) {
  Pump pump({});
  pump.set_partition_count(1);
  pump.add_block(block_of(1, 2), nullptr);
  pump.head();
  pump.sent();
  pump.reset();
  EXPECT_EQ(pump.head(), nullptr);
  pump.acknowledged(1);  // a report of the old producer
  pump.add_block(block_of(1, 2), nullptr);
  EXPECT_EQ(send_all(pump), (std::vector<std::uint64_t>{1, 2}));
}

TEST(Pump, KeepsEventsWithoutAKeyOfOneBlockTogetherAndSpreadsBlocks) {
  Pump pump({.seed = 7});
  pump.set_partition_count(8);
  std::set<std::int32_t> partitions;
  for (std::uint64_t i = 0; i < 50; ++i) {
    pump.add_block(block_of(1 + i * 3, 3), nullptr);
    std::set<std::int32_t> of_block;
    for (int r = 0; r < 3; ++r) {
      of_block.insert(pump.head()->partition);
      pump.sent();
    }
    EXPECT_EQ(of_block.size(), 1U);
    partitions.merge(of_block);
  }
  EXPECT_EQ(partitions.size(), 8U);
}

TEST(Pump, SetsAsideARecordItCannotDecode) {
  spool::RecordBatch batch;
  std::memcpy(batch.add(3), "bad", 3);
  const event::OutboundEvent good{.key = std::nullopt, .value = "v", .headers = {}};
  event::encode_frame(good, batch.add(static_cast<std::uint32_t>(event::frame_size(good))));
  auto block = std::make_shared<spool::Block>(kSource, 0U, 1U, 2U, 0, nullptr, batch.bytes());
  Pump pump({});
  pump.set_partition_count(1);
  pump.add_block(block, nullptr);
  EXPECT_EQ(send_all(pump), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(pump.take_damaged(), 1U);
  EXPECT_EQ(pump.take_damaged(), std::nullopt);
  pump.acknowledged(2);
  EXPECT_EQ(pump.unacknowledged(), 1U) << "a damaged record is never taken for delivered";
}

// Random blocks, sends, acknowledgements in any order and resets: every record is given out in sequence within one
// producer's life, and in the end everything is acknowledged and all memory let go.
TEST(Pump, LosesNothingInRandomRuns) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    Pump pump({.in_flight_bytes = 1 + random() % 2000, .seed = seed});
    pump.set_partition_count(3);
    std::vector<std::pair<std::uint64_t, std::size_t>> layout;
    std::uint64_t next = 1;
    for (int i = 0; i < 20; ++i) {
      layout.emplace_back(next, 1 + random() % 9);
      next += layout.back().second;
    }
    std::set<std::uint64_t> stored;
    std::vector<std::uint64_t> flying;
    std::size_t feed = 0;
    std::uint64_t last_sent = 0;
    const auto known = [&stored](std::uint64_t sequence) { return stored.contains(sequence); };
    while (stored.size() < next - 1) {
      if (feed < layout.size() && pump.wants_block()) {
        pump.add_block(block_of(layout[feed].first, layout[feed].second), known);
        ++feed;
      }
      if (random() % 3 != 0) {
        if (const auto* record = pump.head()) {
          ASSERT_GT(record->ticket, last_sent);
          last_sent = record->ticket;
          flying.push_back(last_sent);
          pump.sent();
        }
      }
      if (!flying.empty() && random() % 2 == 0) {
        const auto at = flying.begin() + static_cast<std::ptrdiff_t>(random() % flying.size());
        stored.insert(*at);
        pump.acknowledged(*at);
        flying.erase(at);
      }
      if (random() % 60 == 0) {
        pump.reset();
        flying.clear();
        last_sent = 0;
        feed = 0;
      }
    }
    pump.head();
    EXPECT_EQ(pump.unacknowledged(), 0U);
  }
}

}  // namespace
}  // namespace hubferry::produce

#include "spool/format.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace hubferry::spool::test {
namespace {

std::string segment_page() {
  std::string page(kSegmentHeaderBytes, '\0');
  encode_segment_header({0xAABBCCDDEEFF0011, 101, 99, 50, 7, 1700000000000}, page);
  return page;
}

std::string block_header() {
  std::string bytes(kBlockHeaderBytes, '\0');
  BlockHeader header;
  header.payload_crc = 1;
  header.payload_bytes = 2;
  header.segment_id = 3;
  header.first_sequence = 4;
  header.source = 5;
  header.low_water = 6;
  header.written_ms = 7;
  header.epoch = 8;
  header.count = 9;
  encode_block_header(header, bytes.data());
  return bytes;
}

TEST(SegmentHeader, ComesBackAsItWas) {
  const auto header = decode_segment_header(segment_page());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->id, 0xAABBCCDDEEFF0011U);
  EXPECT_EQ(header->first_sequence, 101U);
  EXPECT_EQ(header->starts_after, 99U);
  EXPECT_EQ(header->low_water, 50U);
  EXPECT_EQ(header->source, 7U);
  EXPECT_EQ(header->created_ms, 1700000000000);
}

TEST(SegmentHeader, IsRefusedWithAnyBitFlipped) {
  for (std::size_t at = 0; at < 64; ++at) {
    std::string page = segment_page();
    page[at] = static_cast<char>(page[at] ^ 1);
    EXPECT_FALSE(decode_segment_header(page)) << at;
  }
}

TEST(SegmentHeader, OfANewerVersionIsNamedAsSuch) {
  std::string page = segment_page();
  store_le(page.data() + 8, std::uint32_t{2});
  store_le(page.data() + 4, crc32c(page.data() + 8, kSectorBytes - 8));
  const auto header = decode_segment_header(page);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(header.error().disposition, Disposition::kFatal);
  EXPECT_NE(header.error().message.find("version 2"), std::string::npos);
}

TEST(BlockHeader, ComesBackAsItWasAndIsRefusedWithAnyBitFlipped) {
  const auto header = decode_block_header(block_header());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_crc, 1U);
  EXPECT_EQ(header->payload_bytes, 2U);
  EXPECT_EQ(header->segment_id, 3U);
  EXPECT_EQ(header->last_sequence(), 12U);
  EXPECT_EQ(header->source, 5U);
  EXPECT_EQ(header->low_water, 6U);
  EXPECT_EQ(header->written_ms, 7);
  EXPECT_EQ(header->epoch, 8U);
  EXPECT_EQ(header->stored_bytes(), kSectorBytes);
  for (std::size_t at = 0; at < kBlockHeaderBytes; ++at) {
    std::string bytes = block_header();
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    EXPECT_FALSE(decode_block_header(bytes)) << at;
  }
  EXPECT_FALSE(decode_block_header(std::string_view(block_header()).substr(1)));
}

TEST(Frames, AreSoundOnlyIfTheirLengthsSumUpAndTheirNumberMatches) {
  using namespace std::string_literals;
  const std::string two = "\x01\0\0\0a\x02\0\0\0bc"s;
  EXPECT_TRUE(frames_are_sound(two, 2));
  EXPECT_TRUE(frames_are_sound("\0\0\0\0"s, 1));
  EXPECT_FALSE(frames_are_sound(two, 1));
  EXPECT_FALSE(frames_are_sound(two, 3));
  EXPECT_FALSE(frames_are_sound(two.substr(0, two.size() - 1), 2));
  EXPECT_FALSE(frames_are_sound(two + "\0"s, 2));
  EXPECT_FALSE(frames_are_sound("\xFF\xFF\xFF\xFF"s, 1));
}

TEST(SegmentName, IsTwentyDigitsAndComesBack) {
  EXPECT_EQ(segment_name(42), "00000000000000000042.seg");
  EXPECT_EQ(parse_segment_name(segment_name(UINT64_MAX)), UINT64_MAX);
  EXPECT_FALSE(parse_segment_name("00000000000000000000.seg"));
  EXPECT_FALSE(parse_segment_name("0000000000000000004x.seg"));
  EXPECT_FALSE(parse_segment_name("spare-1.seg"));
  EXPECT_EQ(parse_spare_name("spare-17.seg"), 17U);
  EXPECT_FALSE(parse_spare_name("spare-.seg"));
  EXPECT_FALSE(parse_spare_name("spare-1.seg.bak"));
}

}  // namespace
}  // namespace hubferry::spool::test

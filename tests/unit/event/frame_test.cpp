#include "event/frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace hubferry::event {
namespace {

std::string encoded(const OutboundEvent& event) {
  std::string bytes(frame_size(event), '\0');
  encode_frame(event, bytes.data());
  return bytes;
}

TEST(EventFrame, GivesBackWhatWasEncoded) {
  OutboundEvent event;
  event.key = std::string_view("k\0y", 3);
  event.value = "{\"a\":1}";
  event.partition = 7;
  event.headers = {{"trace", "abc"}, {"empty", ""}, {"none", std::nullopt}};
  const std::string bytes = encoded(event);
  OutboundEvent decoded;
  ASSERT_TRUE(decode_frame(bytes, decoded));
  EXPECT_EQ(decoded.key, event.key);
  EXPECT_EQ(decoded.value, event.value);
  EXPECT_EQ(decoded.partition, 7);
  ASSERT_EQ(decoded.headers.size(), 3U);
  EXPECT_EQ(decoded.headers[0].value, "abc");
  EXPECT_EQ(decoded.headers[1].value, "");
  EXPECT_EQ(decoded.headers[2].value, std::nullopt);
}

TEST(EventFrame, TellsAnEmptyKeyFromNone) {
  OutboundEvent decoded;
  ASSERT_TRUE(decode_frame(encoded({.key = "", .value = "v", .headers = {}}), decoded));
  EXPECT_TRUE(decoded.key.has_value());
  ASSERT_TRUE(decode_frame(encoded({.key = std::nullopt, .value = "v", .headers = {}}), decoded));
  EXPECT_FALSE(decoded.key.has_value());
  EXPECT_EQ(decoded.partition, OutboundEvent::kAnyPartition);
}

TEST(EventFrame, CarriesANote) {
  OutboundEvent event{.key = "k", .value = "v", .headers = {{"h", "x"}}};
  const std::size_t without = frame_size(event);
  event.note = std::string_view("n\0te", 4);
  EXPECT_EQ(frame_size(event), without + 2 + event.note.size());
  OutboundEvent decoded;
  const std::string with_note = encoded(event);
  ASSERT_TRUE(decode_frame(with_note, decoded));
  EXPECT_EQ(decoded.note, event.note);
  EXPECT_EQ(decoded.value, "v");
  event.note = {};
  const std::string without_note = encoded(event);
  ASSERT_TRUE(decode_frame(without_note, decoded));
  EXPECT_EQ(decoded.note, "") << "the note of the frame before stays in the reused event";
}

TEST(EventFrame, RefusesAFlagOfALaterVersion) {
  std::string bytes = encoded({.key = "k", .value = "v", .headers = {}});
  OutboundEvent decoded;
  ASSERT_TRUE(decode_frame(bytes, decoded));
  bytes[1] = static_cast<char>(bytes[1] | 4);
  EXPECT_FALSE(decode_frame(bytes, decoded));
}

TEST(EventFrame, RefusesEveryTruncation) {
  for (const char* note : {"", "note"}) {
    const std::string bytes = encoded({.key = "key", .value = "value", .headers = {{"h", "x"}}, .note = note});
    OutboundEvent decoded;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_frame(std::string_view(bytes).substr(0, size), decoded)) << size;
    }
    EXPECT_FALSE(decode_frame(bytes + "x", decoded));
  }
}

TEST(EventFrame, SurvivesRandomBytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good =
      encoded({.key = "key", .value = "value", .headers = {{"h", "x"}, {"i", std::nullopt}}, .note = "note"});
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    OutboundEvent decoded;
    if (decode_frame(bytes, decoded)) {
      EXPECT_LE(decoded.value.size() + decoded.key.value_or("").size() + decoded.note.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace hubferry::event

#include "observe/json_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

using hubferry::observe::json_string;

TEST(JsonText, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(json_string("a\"b\\c\n\r\t\b\f"), R"("a\"b\\c\n\r\t\b\f")");
  EXPECT_EQ(json_string(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
}

TEST(JsonText, KeepsValidUtf8) {
  const std::string text = "é €\xF0\x9F\x9A\xA2 \xF4\x8F\xBF\xBF";
  EXPECT_EQ(json_string(text), '"' + text + '"');
}

TEST(JsonText, ReplacesInvalidUtf8ByteByByte) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(json_string("a\xFFz"), "\"a" + r + "z\"");
  EXPECT_EQ(json_string("\xC3"), '"' + r + '"');                  // cut short
  EXPECT_EQ(json_string("\xC0\x80"), '"' + r + r + '"');          // longer than needed
  EXPECT_EQ(json_string("\xE0\x80\x80"), '"' + r + r + r + '"');  // longer than needed
  EXPECT_EQ(json_string("\xF0\x80\x80\x80"), '"' + r + r + r + r + '"');
  EXPECT_EQ(json_string("\xED\xA0\x80"), '"' + r + r + r + '"');          // surrogate
  EXPECT_EQ(json_string("\xF4\x90\x80\x80"), '"' + r + r + r + r + '"');  // above U+10FFFF
  EXPECT_EQ(json_string("\xE2\x82x"), '"' + r + r + "x\"");
}

TEST(JsonText, TellsUtf8FromOtherBytes) {
  using hubferry::observe::is_utf8;
  for (const char* text : {"", "a", "é €", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* bytes : {"\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80z", "\xF4\x90\x80\x80"})
    EXPECT_FALSE(is_utf8(bytes));
  EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

TEST(JsonText, EveryTwoBytesGiveValidJson) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      boost::json::error_code error;
      const auto parsed = boost::json::parse(json_string(text), error);
      ASSERT_FALSE(error) << first << ' ' << second;
      if (first < 128 && second < 128) {
        ASSERT_EQ(std::string_view(parsed.as_string()), text);
      }
    }
  }
}

#include "ctl/event_json.h"

#include <gmock/gmock.h>

#include "event/frame.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kSource = 0x1234;

class ExportLine : public ::testing::Test {
 protected:
  std::string line(const event::OutboundEvent& event, bool acknowledged = false) {
    std::string frame(event::frame_size(event), '\0');
    event::encode_frame(event, frame.data());
    const auto made = export_line({kSource, 7, 0, acknowledged, frame}, json_);
    EXPECT_TRUE(made.readable);
    EXPECT_TRUE(json_.valid(made.text)) << made.text;
    EXPECT_EQ(made.text.find('\n'), made.text.size() - 1);
    return made.text;
  }
  std::string line_of_value(std::string_view value) {
    event::OutboundEvent event;
    event.value = value;
    return line(event);
  }

  event::JsonEvents json_;
};

TEST_F(ExportLine, HasEverythingThatAPostNeeds) {
  event::OutboundEvent event;
  event.key = "k\"1";
  event.value = R"({"id": 1e400, "id":2})";
  event.headers = {{"content-type", "text/plain"}, {"none", std::nullopt}, {"raw", "\xff\x00"}};
  event.partition = 3;
  event.note = "of no use to others";
  EXPECT_EQ(line_of_value("1"), "{\"sequence\":7,\"source\":\"0000000000001234\",\"headers\":[],\"value\":1}\n");
  event.value = R"({"id":1})";
  EXPECT_EQ(line(event),
            "{\"sequence\":7,\"source\":\"0000000000001234\",\"partition\":3,\"key\":\"k\\\"1\",\"headers\":["
            "{\"name\":\"content-type\",\"value\":\"text/plain\"},{\"name\":\"none\"},"
            "{\"name\":\"raw\",\"value_base64\":\"/w==\"}],\"value\":{\"id\":1}}\n");
}

TEST_F(ExportLine, KeepsBytesThatAreNoTextAsBase64) {
  event::OutboundEvent event;
  event.key = std::string_view("\xff\x00", 2);
  event.value = std::string_view("\x00\x01", 2);
  EXPECT_THAT(line(event), AllOf(HasSubstr("\"key_base64\":\"/wA=\""), HasSubstr("\"value_base64\":\"AAE=\"")));
}

TEST_F(ExportLine, EmbedsAValueOnlyIfItCanBeCutOutByteByByte) {
  for (const char* value : {"{\"a\":\n1}", "{\"a\":\r1}", " {}", "{} ", "\xef\xbb\xbf{}", "", "{", "{} {}", "nul"}) {
    EXPECT_THAT(line_of_value(value), AllOf(HasSubstr("value_base64"), Not(HasSubstr("\"value\":")))) << value;
  }
  for (const char* value : {"{ \"a\": [1, 2] }", "\"text\"", "-1.50", "true", "false", "null", "[]"}) {
    EXPECT_THAT(line_of_value(value), HasSubstr("\"value\":" + std::string(value) + "}\n"));
  }
}

TEST_F(ExportLine, SaysThatAnEventIsAcknowledged) {
  event::OutboundEvent event;
  event.value = "{}";
  EXPECT_THAT(line(event, true), HasSubstr("\"acknowledged\":true"));
  EXPECT_THAT(line(event, false), Not(HasSubstr("acknowledged")));
}

TEST_F(ExportLine, KeepsAFrameThatItCannotRead) {
  const auto made = export_line({kSource, 9, 0, false, "\x02zz"}, json_);
  EXPECT_FALSE(made.readable);
  EXPECT_EQ(made.text, "{\"sequence\":9,\"source\":\"0000000000001234\",\"frame_base64\":\"Anp6\"}\n");
}

TEST(DumpLine, ShowsAnEventOnOneLine) {
  event::OutboundEvent event;
  event.key = "customer\n1";
  event.value = "{\"a\":\n1}";
  event.headers = {{"h", "v"}};
  std::string frame(event::frame_size(event), '\0');
  event::encode_frame(event, frame.data());
  EXPECT_EQ(dump_line({kSource, 7, 0, true, frame}),
            "sequence 7  source 0000000000001234  acknowledged  partition any  key \"customer\\x0a1\"  1 headers  8 "
            "bytes  {\"a\":\\x0a1}");
  EXPECT_THAT(dump_line({kSource, 8, 0, false, "?"}), HasSubstr("1 bytes that this version cannot read"));
}

TEST(Preview, IsHarmlessToATerminalAndNotLonger) {
  EXPECT_EQ(preview("plain", 5), "plain");
  EXPECT_EQ(preview("plain text", 5), "plain...");
  EXPECT_EQ(preview("\x1b[2J\x7f", 10), "\\x1b[2J\\x7f");
  EXPECT_EQ(preview("\xc2\x9b"
                    "31m",
                    10),
            "\\xc2\\x9b31m");
  EXPECT_EQ(preview("\xff\xc3\xa4", 10), "\\xff\xc3\xa4");
  EXPECT_EQ(preview("ab\xc3\xa4", 3), "ab...");
  EXPECT_EQ(preview("ab\xc3", 3), "ab\\xc3");
}

}  // namespace
}  // namespace hubferry::ctl

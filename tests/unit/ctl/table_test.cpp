#include "ctl/table.h"

#include <gmock/gmock.h>

#include <sstream>

namespace hubferry::ctl {
namespace {

std::string written(const Table& table, bool json) {
  std::ostringstream out;
  table.write(out, json);
  return out.str();
}

TEST(Table, AlignsNumbersRightAndTextLeft) {
  Table table({"partition", "member", "end_offset", "remarks"});
  table.add({std::int64_t{0}, "worker-1/10.0.0.7", std::int64_t{1'234}, "x"});
  table.add({std::int64_t{11}, "w", {}, "long remark"});
  EXPECT_EQ(written(table, false),
            "PARTITION  MEMBER             END OFFSET  REMARKS\n"
            "        0  worker-1/10.0.0.7        1234  x\n"
            "       11  w                           -  long remark\n");
}

TEST(Table, LeavesOutColumnsThatSayNothing) {
  Table table({"a", "b", "c"});
  table.add({std::int64_t{1}, {}, true});
  EXPECT_EQ(written(table, false), "A  C\n1  yes\n");
  EXPECT_EQ(written(Table({"a"}), false), "");
}

TEST(Table, AlignsByCharactersAndKeepsControlBytesFromTheTerminal) {
  Table table({"key", "n"});
  table.add({"\xC3\xA4\xE2\x82\xAC", std::int64_t{1}});
  table.add({"a\x1b[2J", std::int64_t{2}});
  EXPECT_EQ(written(table, false),
            "KEY       N\n"
            "\xC3\xA4\xE2\x82\xAC        1\n"
            "a\\x1b[2J  2\n");
}

TEST(Table, WritesEveryMemberOfEachRowAsJson) {
  Table table({"topic", "end", "new", "note"});
  table.add({"a\"\n", std::int64_t{-1}, false, {}});
  EXPECT_EQ(written(table, true), "{\"topic\":\"a\\\"\\n\",\"end\":-1,\"new\":false,\"note\":null}\n");
}

}  // namespace
}  // namespace hubferry::ctl

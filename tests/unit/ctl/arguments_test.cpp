#include "ctl/arguments.h"

#include <gmock/gmock.h>

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string error_of(const std::vector<std::string>& arguments) {
  const auto parsed = parse(arguments);
  return parsed ? "no error" : parsed.error().message;
}

TEST(Arguments, ReadEachCommandWithItsOptions) {
  const auto verify = parse({"spool", "verify", "/s/orders"});
  ASSERT_TRUE(verify) << verify.error().message;
  EXPECT_EQ(verify->spool.command, SpoolCommand::kVerify);
  EXPECT_EQ(verify->spool.directory, "/s/orders");
  const auto dump = parse({"spool", "dump", "--limit", "7", "/s/orders", "--all"});
  ASSERT_TRUE(dump) << dump.error().message;
  EXPECT_EQ(dump->spool.limit, 7U);
  EXPECT_TRUE(dump->spool.all);
  EXPECT_TRUE(parse({"spool", "repair", "/s", "--dry-run"})->spool.dry_run);
  const auto send = parse({"spool", "send", "/s", "--config=/c", "--route=r", "--topic", "t", "--deadline", "90s"});
  ASSERT_TRUE(send) << send.error().message;
  EXPECT_EQ(send->spool.config, "/c");
  EXPECT_EQ(send->spool.route, "r");
  EXPECT_EQ(send->spool.topic, "t");
  EXPECT_EQ(send->spool.deadline, Milliseconds(90'000));
  EXPECT_EQ(parse({"spool", "send", "/s", "--config", "/c"})->spool.deadline, Milliseconds(300'000));
}

TEST(Arguments, WhatIsWrongIsNamedTogetherWithTheHelp) {
  EXPECT_THAT(error_of({}), HasSubstr("hubferryctl --help"));
  EXPECT_THAT(error_of({"checkpoint"}), HasSubstr("unknown command checkpoint"));
  EXPECT_THAT(error_of({"spool"}), HasSubstr("verify, dump, export, repair, send"));
  EXPECT_THAT(error_of({"spool", "verfy", "/s"}), HasSubstr("verify, dump, export, repair, send"));
  EXPECT_THAT(error_of({"spool", "verify"}), AllOf(HasSubstr("name the DIR"), HasSubstr("spool verify --help")));
  EXPECT_THAT(error_of({"spool", "verify", "/s", "/t"}), HasSubstr("one DIR at a time"));
  EXPECT_THAT(error_of({"spool", "verify", "/s", "--all"}), HasSubstr("--all"));
  EXPECT_THAT(error_of({"spool", "dump", "/s", "--limit", "0"}), HasSubstr("--limit takes a whole number above 0"));
  EXPECT_THAT(error_of({"spool", "dump", "/s", "--limit"}), HasSubstr("--limit"));
  EXPECT_THAT(error_of({"spool", "send", "/s"}), HasSubstr("--config FILE is missing"));
  EXPECT_THAT(error_of({"spool", "send", "/s", "--config", "/c", "--deadline", "soon"}), HasSubstr("--deadline takes"));
  EXPECT_THAT(error_of({"spool", "send", "/s", "--config", "/c", "--deadline", "0s"}), HasSubstr("--deadline takes"));
}

TEST(Arguments, EveryCommandExplainsItself) {
  EXPECT_THAT(parse({"--help"})->help, HasSubstr("repair"));
  EXPECT_THAT(parse({"spool", "--help"})->help, HasSubstr("repair"));
  EXPECT_THAT(parse({"--version"})->help, HasSubstr(HUBFERRY_VERSION));
  for (const char* command : {"verify", "dump", "export", "repair", "send"}) {
    const auto parsed = parse({"spool", command, "--help"});
    ASSERT_TRUE(parsed);
    EXPECT_THAT(parsed->help,
                AllOf(HasSubstr(std::string("hubferryctl spool ") + command + " DIR"), HasSubstr("Exit code")));
  }
  EXPECT_THAT(parse({"spool", "export", "--help"})->help, AllOf(HasSubstr("value_base64"), HasSubstr("--all")));
}

}  // namespace
}  // namespace hubferry::ctl

#include <gmock/gmock.h>

#include "ctl/command.h"
#include "ctl/spool_arguments.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string error_of(const std::vector<std::string>& arguments) {
  const auto parsed = parse(arguments);
  return parsed ? "no error" : parsed.error().message;
}

Result<SpoolArguments> spool_of(const std::vector<std::string>& arguments) {
  const auto parsed = parse(arguments);
  if (!parsed) return tl::make_unexpected(parsed.error());
  return spool_arguments(parsed->options);
}

std::string spool_error_of(const std::vector<std::string>& arguments) {
  const auto read = spool_of(arguments);
  return read ? "no error" : read.error().message;
}

TEST(Arguments, ReadEachSpoolCommandWithItsOptions) {
  const auto verify = parse({"spool", "verify", "/s/orders"});
  ASSERT_TRUE(verify) << verify.error().message;
  EXPECT_EQ(verify->command->name, "verify");
  EXPECT_EQ(spool_arguments(verify->options)->directory, "/s/orders");
  const auto dump = spool_of({"spool", "dump", "--limit", "7", "/s/orders", "--all"});
  ASSERT_TRUE(dump) << dump.error().message;
  EXPECT_EQ(dump->limit, 7U);
  EXPECT_TRUE(dump->all);
  EXPECT_TRUE(spool_of({"spool", "repair", "/s", "--dry-run"})->dry_run);
  const auto send = spool_of({"spool", "send", "/s", "--config=/c", "--route=r", "--topic", "t", "--deadline", "90s"});
  ASSERT_TRUE(send) << send.error().message;
  EXPECT_EQ(send->config, "/c");
  EXPECT_EQ(send->route, "r");
  EXPECT_EQ(send->topic, "t");
  EXPECT_EQ(send->deadline, Milliseconds(90'000));
  EXPECT_EQ(spool_of({"spool", "send", "/s", "--config", "/c"})->deadline, Milliseconds(300'000));
}

TEST(Arguments, WhatIsWrongIsNamedTogetherWithTheHelp) {
  EXPECT_THAT(error_of({}), HasSubstr("hubferryctl --help"));
  EXPECT_THAT(error_of({"checkpont"}), AllOf(HasSubstr("unknown command checkpont"), HasSubstr("checkpoint, lag")));
  EXPECT_THAT(error_of({"spool"}), HasSubstr("verify, dump, export, repair, send"));
  EXPECT_THAT(error_of({"spool", "verfy", "/s"}), HasSubstr("verify, dump, export, repair, send"));
  EXPECT_THAT(error_of({"checkpoint", "reset"}), HasSubstr("checkpoint takes one of show, set, skip"));
  EXPECT_THAT(spool_error_of({"spool", "verify"}), AllOf(HasSubstr("name the DIR"), HasSubstr("spool verify --help")));
  EXPECT_THAT(error_of({"spool", "verify", "/s", "/t"}), HasSubstr("one DIR at a time"));
  EXPECT_THAT(error_of({"spool", "verify", "/s", "--all"}), HasSubstr("--all"));
  EXPECT_THAT(error_of({"lag", "orders"}), AllOf(HasSubstr("no further word"), HasSubstr("hubferryctl lag --help")));
  EXPECT_THAT(error_of({"lag", "--route", "a", "--route", "b"}), HasSubstr("--route was given twice"));
  EXPECT_THAT(spool_error_of({"spool", "dump", "/s", "--limit", "0"}),
              AllOf(HasSubstr("--limit takes a whole number above 0"), HasSubstr("spool dump --help")));
  EXPECT_THAT(error_of({"spool", "dump", "/s", "--limit"}), HasSubstr("--limit"));
  EXPECT_THAT(spool_error_of({"spool", "send", "/s", "--config", "/c", "--deadline", "soon"}),
              HasSubstr("--deadline takes"));
  EXPECT_THAT(spool_error_of({"spool", "send", "/s", "--config", "/c", "--deadline", "0s"}),
              HasSubstr("--deadline takes"));
}

TEST(Arguments, EveryCommandExplainsItself) {
  EXPECT_THAT(parse({"--help"})->help, AllOf(HasSubstr("repair"), HasSubstr("dead-letter list, show, replay")));
  EXPECT_THAT(parse({"spool", "--help"})->help, HasSubstr("hubferryctl spool repair DIR"));
  EXPECT_THAT(parse({"--version"})->help, HasSubstr(HUBFERRY_VERSION));
  for (const Family& family : families()) {
    for (const Command& command : family.commands) {
      std::vector<std::string> words{family.name};
      if (!command.name.empty()) words.push_back(command.name);
      std::string usage = "Usage: hubferryctl " + family.name + (command.name.empty() ? "" : " " + command.name) + ' ';
      if (command.argument != nullptr) usage += command.argument;
      words.emplace_back("--help");
      const auto parsed = parse(words);
      ASSERT_TRUE(parsed);
      EXPECT_THAT(parsed->help, AllOf(StartsWith(usage), HasSubstr("Exit code"))) << family.name << command.name;
    }
  }
  EXPECT_THAT(parse({"spool", "export", "--help"})->help, AllOf(HasSubstr("value_base64"), HasSubstr("--all")));
}

TEST(Arguments, AnOptionMayComeAgainWhereThatMakesSense) {
  const auto parsed = parse({"topics", "create", "--topic", "a", "--dead-letter", "--topic=b"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->options.all("topic"), ElementsAre("a", "b"));
  EXPECT_TRUE(parsed->options.has("dead-letter"));
}

Options with(const std::string& name, const std::string& value) {
  return {{{name, {value}}}, "hubferryctl x --help"};
}

TEST(Options, NumbersKeepToTheirRange) {
  EXPECT_EQ(**with("n", "12").number("n", 1, 12), 12);
  EXPECT_FALSE(with("n", "12").number("m", 1, 12)->has_value());
  for (const char* text : {"13", "0", "1x", "", "-1", "99999999999999999999"}) {
    const auto read = with("n", text).number("n", 1, 12);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().message, "--n takes a whole number from 1 to 12; see hubferryctl x --help");
  }
}

TEST(Options, DurationsMayBeDays) {
  EXPECT_EQ(**with("d", "7d").duration("d"), std::chrono::hours(24 * 7));
  EXPECT_EQ(**with("d", "500ms").duration("d"), Milliseconds(500));
  for (const char* text : {"d", "-1d", "0d", "7", "soon", "9999999999999999999d"}) {
    EXPECT_FALSE(with("d", text).duration("d")) << text;
  }
}

TEST(Options, TimesAreUtcOrAgo) {
  EXPECT_EQ(**with("t", "2026-11-21T10:00:00Z").time("t", 0), 1'795'255'200'000);
  EXPECT_EQ(**with("t", "2h").time("t", 10'000'000), 2'800'000);
  for (const char* text : {"latest", "earliest", "yesterday", ""}) {
    const auto read = with("t", text).time("t", 0);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message, HasSubstr("--t takes a time such as"));
  }
}

}  // namespace
}  // namespace hubferry::ctl

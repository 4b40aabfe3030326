#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class FileTest : public Loading {};

TEST_F(FileTest, ReadsEverySection) {
  const Settings settings = good(
      "[log]\nlevel = debug\nformat = json\n"
      "[ingest]\nlisten = [::1]:8081\nmax-body = 1MiB\nmax-event = 64KiB\nmax-batch-events = 10\nmax-connections = 20\n"
      "[spool]\ndirectory = /spool\n[shutdown]\ndeadline = 1m\n[embedded-broker]\nenabled = true\npartitions = 8\n"
      "[produce.my-route]\ntopic = t\nkey-pointer = /a/b\npartitioner = consistent\nspool.max-bytes = 1GB\n"
      "spool.segment-bytes = 2MiB\nin-flight-bytes = 3MiB\nretry.initial = 100ms\nretry.max = 2s\n"
      "[consume.c1]\ntopic = t\ngroup = g\nhandler = file:/out\nhandler.timeout = 1s\nretry.initial = 2s\n"
      "retry.max = 3s\nrevoke.deadline = 4s\nbuffer-events = 5\n");
  EXPECT_EQ(settings.log.level, "debug");
  EXPECT_EQ(settings.log.format, LogFormat::kJson);
  EXPECT_EQ(settings.ingest.listen, "[::1]:8081");
  EXPECT_EQ(settings.ingest.max_body_bytes, 1'048'576U);
  EXPECT_EQ(settings.ingest.max_event_bytes, 65'536U);
  EXPECT_EQ(settings.ingest.max_batch_events, 10U);
  EXPECT_EQ(settings.ingest.max_connections, 20U);
  EXPECT_EQ(settings.spool.directory, "/spool");
  EXPECT_EQ(settings.shutdown.deadline.count(), 60'000);
  EXPECT_TRUE(settings.embedded_broker.enabled);
  EXPECT_EQ(settings.embedded_broker.partitions, 8U);
  ASSERT_EQ(settings.produce.size(), 1U);
  const ProduceRoute& produce = settings.produce[0];
  EXPECT_EQ(produce.name, "my-route");
  EXPECT_EQ(produce.topic, "t");
  EXPECT_EQ(produce.key_pointer, "/a/b");
  EXPECT_EQ(produce.partitioner, Partitioner::kConsistent);
  EXPECT_EQ(produce.spool_max_bytes, 1'000'000'000U);
  EXPECT_EQ(produce.spool_segment_bytes, 2'097'152U);
  EXPECT_EQ(produce.in_flight_bytes, 3'145'728U);
  EXPECT_EQ(produce.retry_initial.count(), 100);
  EXPECT_EQ(produce.retry_max.count(), 2'000);
  ASSERT_EQ(settings.consume.size(), 1U);
  const ConsumeRoute& consume = settings.consume[0];
  EXPECT_EQ(consume.name, "c1");
  EXPECT_EQ(consume.topic, "t");
  EXPECT_EQ(consume.group, "g");
  EXPECT_EQ(consume.handler.target, "file:/out");
  EXPECT_EQ(consume.handler.scheme, HandlerScheme::kFile);
  EXPECT_EQ(consume.handler.timeout.count(), 1'000);
  EXPECT_EQ(consume.retry_initial.count(), 2'000);
  EXPECT_EQ(consume.retry_max.count(), 3'000);
  EXPECT_EQ(consume.revoke_deadline.count(), 4'000);
  EXPECT_EQ(consume.buffer_events, 5U);
}

TEST_F(FileTest, RoutesComeSortedByName) {
  const Settings settings = good(std::string(kProduce) + "[produce.b]\ntopic = b\n[produce.a]\ntopic = a\n");
  ASSERT_EQ(settings.produce.size(), 3U);
  EXPECT_EQ(settings.produce[0].name, "a");
  EXPECT_EQ(settings.produce[1].name, "b");
  EXPECT_EQ(settings.produce[2].name, "orders");
}

TEST_F(FileTest, ALineThatStartsWithHashOrSemicolonIsAComment) {
  EXPECT_EQ(good(std::string("# one\n  ; two = 2\n") + kProduce).produce.at(0).topic, "orders");
}

TEST_F(FileTest, ATrailingCommentNeedsWhiteSpaceBeforeIt) {
  const Settings settings =
      good(std::string("[ingest] # why\nlisten = 127.0.0.1:1 ; note\n[log]\nlevel = warn\t# note\n") + kProduce);
  EXPECT_EQ(settings.ingest.listen, "127.0.0.1:1");
  EXPECT_EQ(settings.log.level, "warn");
}

TEST_F(FileTest, KeepsHashAndSemicolonInsideAValue) {
  const Settings settings = good(std::string(kProduce) + "[kafka]\nsasl.password = p#a;s#=s\nclient.id = a#b # note\n");
  EXPECT_EQ(settings.producer_properties.at("sasl.password"), "p#a;s#=s");
  EXPECT_EQ(settings.consumer_properties.at("sasl.password"), "p#a;s#=s");
  EXPECT_EQ(settings.producer_properties.at("client.id"), "a#b");
}

TEST_F(FileTest, NeverCutsASecretAtSomethingThatLooksLikeAComment) {
  const std::string message = bad(std::string(kProduce) + "[kafka]\nsasl.password = hunter2 #more\n");
  EXPECT_THAT(message, AllOf(HasSubstr(conf() + ":6: "), HasSubstr("sasl.password"), Not(HasSubstr("hunter2"))));
}

TEST_F(FileTest, AValueMayContainEqualsSignsAndSpaces) {
  const Settings settings = good(std::string(kProduce) + "[kafka]\nclient.id = a = b c\n");
  EXPECT_EQ(settings.producer_properties.at("client.id"), "a = b c");
}

TEST_F(FileTest, TakesWindowsLineEndsAndAByteOrderMark) {
  EXPECT_EQ(good("\xEF\xBB\xBF[produce.o]\r\ntopic = t\r\n[kafka]\r\nbootstrap.servers = k:1\r\n").produce.at(0).topic,
            "t");
}

TEST_F(FileTest, ASectionMayBeContinuedLater) {
  const Settings settings = good(std::string(kProduce) + "[log]\nlevel = warn\n[produce.orders]\nkey-pointer = /k\n");
  EXPECT_EQ(settings.produce.at(0).key_pointer, "/k");
}

TEST_F(FileTest, AnUnknownKeyNamesFileLineAndNearestKey) {
  EXPECT_THAT(bad("[ingest]\n\nlisen = x\n"), AllOf(HasSubstr(conf() + ":3: "), HasSubstr("ingest.lisen"),
                                                    HasSubstr("nearest"), HasSubstr("ingest.listen")));
}

TEST_F(FileTest, AnUnknownRouteKeyNamesTheNearestOfThatRoute) {
  EXPECT_THAT(bad("[produce.orders]\ntopik = x\n"), HasSubstr("is produce.orders.topic"));
}

TEST_F(FileTest, AnUnknownSectionNamesTheNearestKey) {
  EXPECT_THAT(bad("[prodcue.orders]\ntopic = x\n"), HasSubstr("is produce.orders.topic"));
  EXPECT_THAT(bad("[shutdwn]\ndeadline = 1s\n"), HasSubstr("is shutdown.deadline"));
}

TEST_F(FileTest, AKeyWithoutItsSectionNamesTheWholeKey) {
  EXPECT_THAT(bad("listen = x\n"), HasSubstr("is ingest.listen"));
}

TEST_F(FileTest, AKeyTwiceIsAnErrorThatNamesBothLines) {
  const std::string message = bad("[log]\nlevel = info\nformat = text\nlevel = warn\n");
  EXPECT_THAT(message, AllOf(HasSubstr(conf() + ":4: log.level"), HasSubstr("already given at " + conf() + ":2")));
}

TEST_F(FileTest, TwoNamesOfOneKafkaPropertyAreTheSameKeyTwice) {
  EXPECT_THAT(bad("[kafka]\nlinger.ms = 1\nqueue.buffering.max.ms = 2\n"), HasSubstr("already given"));
}

TEST_F(FileTest, ALineThatIsNothingIsAnErrorWithoutItsContent) {
  const std::string message = bad("[kafka]\nhunter2\n");
  EXPECT_THAT(message, AllOf(HasSubstr(conf() + ":2: "), HasSubstr("key = value"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(bad("= x\n"), HasSubstr("key = value"));
  EXPECT_THAT(bad("two words = x\n"), HasSubstr("key = value"));
}

TEST_F(FileTest, ABrokenSectionLineIsAnError) {
  for (const char* line : {"[log", "[]", "[a b]", "[[log]]", "[log] level = info"}) {
    EXPECT_THAT(bad(std::string(line) + "\n"), AllOf(HasSubstr(conf() + ":1: "), HasSubstr("section"))) << line;
  }
}

TEST_F(FileTest, AControlCharacterIsAnError) {
  EXPECT_THAT(bad(std::string("[log]\nlevel = in\x01"
                              "fo\n")),
              AllOf(HasSubstr(conf() + ":2: "), HasSubstr("control character")));
  EXPECT_THAT(bad(std::string("[log]\nlevel = a") + '\0' + "b\n"), HasSubstr("control character"));
}

TEST_F(FileTest, AMissingFileIsAnErrorThatNamesIt) {
  const std::string message = bad_arguments({"--config", "/no/such/file.conf"});
  EXPECT_THAT(message, AllOf(HasSubstr("/no/such/file.conf"), HasSubstr("No such file")));
  EXPECT_THAT(bad_arguments({"--config", folder_}), HasSubstr("directory"));
}

TEST_F(FileTest, AVeryLargeFileIsAnError) {
  EXPECT_THAT(bad(std::string(2'000'000, '\n')), HasSubstr("larger than 1 MiB"));
}

TEST_F(FileTest, TheConnectionStringItselfIsRefusedInTheFile) {
  const std::string message = bad("[event-hubs]\nconnection-string = " + connection_string() + "\n");
  EXPECT_THAT(message, AllOf(HasSubstr(":2: event-hubs.connection-string = (hidden)"),
                             HasSubstr("connection-string-file"), Not(HasSubstr(kKey))));
}

TEST_F(FileTest, WhatPrintConfigShowsForASecretIsRefused) {
  EXPECT_THAT(bad(std::string(kProduce) + "[kafka]\nsasl.password = (hidden)\n"), HasSubstr("--print-config"));
}

TEST_F(FileTest, AFileWithASecretThatOthersMayReadIsWarnedOf) {
  const std::string text = std::string(kProduce) + "[kafka]\nsasl.password = p\n";
  EXPECT_TRUE(good(text).warnings.empty());
  const std::string path = write("open.conf", text, 0644);
  const Settings settings = settings_of(load({"--config", path}, {}));
  EXPECT_THAT(settings.warnings, testing::ElementsAre(HasSubstr(path + ":6: every user of this host can read")));
}

}  // namespace
}  // namespace hubferry::config

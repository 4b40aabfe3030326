#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ConsumeChecks : public Loading {
 protected:
  // A consume route with further lines, and its settings or its error.
  static std::string route(const std::string& lines) {
    return std::string("[kafka]\nbootstrap.servers = k:1\n") + kConsume + lines;
  }
  ConsumeRoute consume(const std::string& lines) const { return good(route(lines)).consume.at(0); }
  std::string error(const std::string& lines) const { return bad(route(lines)); }
};

TEST_F(ConsumeChecks, EveryKeyReachesItsSetting) {
  const ConsumeRoute all = consume(
      "handler.timeout = 1s\nhandler.connect-timeout = 2s\nhandler.format = ndjson\nhandler.batch.max-events = 3\n"
      "handler.batch.max-bytes = 4\nhandler.batch.wait = 5ms\nhandler.headers = X-A: 1; X-B: 2\nhandler.processes = 6\n"
      "order = none\nconcurrency = 7\nrate-limit = 8\nretry.attempts = 9\ndead-letter = dead\nbuffer-bytes = 1KiB\n"
      "start = 1970-01-01T00:00:01Z\npartitions = 0,2\nresends.skip = false\nresends.look-back = 10\n");
  EXPECT_EQ(all.handler.timeout.count(), 1'000);
  EXPECT_EQ(all.handler.connect_timeout.count(), 2'000);
  EXPECT_EQ(all.handler.format, HttpFormat::kNdjson);
  EXPECT_EQ(all.handler.batch_max_events, 3U);
  EXPECT_EQ(all.handler.batch_max_bytes, 4U);
  EXPECT_EQ(all.handler.batch_wait.count(), 5);
  EXPECT_THAT(all.handler.headers, ElementsAre("X-A: 1", "X-B: 2"));
  EXPECT_EQ(all.handler.processes, 6U);
  EXPECT_EQ(all.order, Order::kNone);
  EXPECT_EQ(all.concurrency, 7U);
  EXPECT_EQ(all.rate_limit, 8U);
  EXPECT_EQ(all.retry_attempts, 9U);
  EXPECT_EQ(all.dead_letter, "dead");
  EXPECT_EQ(all.buffer_bytes, 1'024U);
  EXPECT_EQ(all.start.kind, StartPosition::Kind::kTimestamp);
  EXPECT_EQ(all.start.timestamp_ms, 1'000);
  EXPECT_THAT(all.partitions, ElementsAre(0, 2));
  EXPECT_TRUE(all.direct());
  EXPECT_FALSE(all.skip_resends);
  EXPECT_EQ(all.resends_look_back, 10U);
}

TEST_F(ConsumeChecks, HandlersAreKnownByTheirScheme) {
  const auto scheme = [this](const char* target) {
    return settings_of(load({kBroker, "--consume.a.topic=t", "--consume.a.group=g",
                             std::string("--consume.a.handler=") + target},
                            {}))
        .consume.at(0)
        .handler.scheme;
  };
  EXPECT_EQ(scheme("https://h/"), HandlerScheme::kHttp);
  EXPECT_EQ(scheme("command:/bin/cat -u"), HandlerScheme::kCommand);
  EXPECT_EQ(scheme("file:/out"), HandlerScheme::kFile);
  EXPECT_EQ(scheme("topic:copy"), HandlerScheme::kTopic);
  EXPECT_EQ(scheme("discard:"), HandlerScheme::kDiscard);
}

TEST_F(ConsumeChecks, KeysOfOtherHandlersAreRefused) {
  EXPECT_THAT(error("handler.tls.ca-file = /ca.pem\n"), AllOf(HasSubstr("consume.billing."), HasSubstr("https://")));
  EXPECT_THAT(error("handler.rotate.max-bytes = 1MiB\n"), HasSubstr("file handlers only"));
  const std::string file = "[kafka]\nbootstrap.servers = k:1\n[consume.a]\ntopic = t\ngroup = g\nhandler = file:/o\n";
  EXPECT_THAT(bad(file + "handler.format = ndjson\n"), HasSubstr("http handlers only"));
  EXPECT_THAT(bad(file + "handler.headers = X-A: 1\n"), HasSubstr("http handlers only"));
  EXPECT_THAT(bad(file + "handler.bearer-token-file = /t\n"), HasSubstr("http handlers only"));
}

TEST_F(ConsumeChecks, CertificateAndKeyForAHandlerNeedEachOther) {
  const std::string https =
      "[kafka]\nbootstrap.servers = k:1\n[consume.a]\ntopic = t\ngroup = g\nhandler = https://h/\ndead-letter = d\n";
  EXPECT_THAT(bad(https + "handler.tls.key-file = /k.pem\n"), HasSubstr("belong together"));
  EXPECT_THAT(good(https + "handler.tls.key-file = /k.pem\nhandler.tls.certificate-file = /c.pem\n").warnings,
              IsEmpty());
}

TEST_F(ConsumeChecks, NothingGoesRoundForEver) {
  EXPECT_THAT(error("dead-letter = orders\n"), HasSubstr("round for ever"));
  EXPECT_THAT(bad("[kafka]\nbootstrap.servers = k:1\n[consume.a]\ntopic = t\ngroup = g\nhandler = topic:t\n"),
              HasSubstr("round for ever"));
}

TEST_F(ConsumeChecks, ParkingNeedsADeadLetterTopicAndAnOrder) {
  EXPECT_THAT(error("parked-keys = true\n"), HasSubstr("needs dead-letter"));
  EXPECT_THAT(error("parked-keys = true\ndead-letter = d\norder = none\n"), HasSubstr("order = none"));
  EXPECT_TRUE(consume("parked-keys = true\ndead-letter = d\n").parked_keys);
}

TEST_F(ConsumeChecks, StaticMembershipTakesANameOrThatOfTheHost) {
  EXPECT_EQ(consume("group-instance-id = pod-1\n").group_instance_id, "pod-1");
  const std::string host = consume("group-instance-id = hostname\n").group_instance_id;
  EXPECT_THAT(host, AllOf(Not(IsEmpty()), Not(testing::Eq("hostname"))));
  EXPECT_THAT(error("group-instance-id = a\npartitions = all\n"), HasSubstr("group-instance-id"));
}

TEST_F(ConsumeChecks, AttemptsWithoutADeadLetterTopicAreWarnedOf) {
  EXPECT_THAT(good(route("")).warnings, Contains(HasSubstr("tried for ever")));
  EXPECT_THAT(good(route("retry.attempts = 0\n")).warnings, IsEmpty());
  EXPECT_THAT(good(route("dead-letter = d\n")).warnings, IsEmpty());
}

TEST_F(ConsumeChecks, ATokenOverPlainHttpIsWarnedOf) {
  const std::string token = write("token", "t", 0600);
  EXPECT_THAT(good(route("dead-letter = d\nhandler.bearer-token-file = " + token + "\n")).warnings,
              ElementsAre(HasSubstr("plain HTTP")));
}

}  // namespace
}  // namespace hubferry::config

#include "config/settings.h"

#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class SettingsTest : public Loading {};

TEST_F(SettingsTest, DefaultsAreThoseOfTheSettingsStructs) {
  const Settings settings = good(std::string(kProduce) + kConsume + "dead-letter = orders.dead\n");
  const Settings plain;
  EXPECT_EQ(settings.log.level, plain.log.level);
  EXPECT_EQ(settings.log.format, plain.log.format);
  EXPECT_EQ(settings.ingest.listen, plain.ingest.listen);
  EXPECT_EQ(settings.ingest.max_body_bytes, plain.ingest.max_body_bytes);
  EXPECT_EQ(settings.ingest.max_event_bytes, plain.ingest.max_event_bytes);
  EXPECT_EQ(settings.ingest.max_batch_events, plain.ingest.max_batch_events);
  EXPECT_EQ(settings.ingest.max_connections, plain.ingest.max_connections);
  EXPECT_EQ(settings.spool.directory, plain.spool.directory);
  EXPECT_EQ(settings.shutdown.deadline, plain.shutdown.deadline);
  EXPECT_EQ(settings.embedded_broker.enabled, plain.embedded_broker.enabled);
  EXPECT_EQ(settings.embedded_broker.partitions, plain.embedded_broker.partitions);
  EXPECT_EQ(settings.control.topic, plain.control.topic);
  EXPECT_FALSE(settings.notify.any());
  EXPECT_EQ(settings.notify.mail_require_tls, plain.notify.mail_require_tls);
  EXPECT_EQ(settings.notify.public_url, plain.notify.public_url);
  EXPECT_EQ(settings.notify.link_valid_for, plain.notify.link_valid_for);
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST_F(SettingsTest, RouteDefaultsAreThoseOfTheRouteStructs) {
  const Settings settings = good(std::string(kProduce) + kConsume);
  const ProduceRoute& produce = settings.produce.at(0);
  EXPECT_EQ(produce.key_pointer, ProduceRoute().key_pointer);
  EXPECT_EQ(produce.partitioner, ProduceRoute().partitioner);
  EXPECT_EQ(produce.spool_max_bytes, ProduceRoute().spool_max_bytes);
  EXPECT_EQ(produce.spool_segment_bytes, ProduceRoute().spool_segment_bytes);
  EXPECT_EQ(produce.in_flight_bytes, ProduceRoute().in_flight_bytes);
  EXPECT_EQ(produce.retry_initial, ProduceRoute().retry_initial);
  EXPECT_EQ(produce.retry_max, ProduceRoute().retry_max);
  const ConsumeRoute& consume = settings.consume.at(0);
  const ConsumeRoute defaults;
  EXPECT_EQ(consume.handler.timeout, defaults.handler.timeout);
  EXPECT_EQ(consume.handler.connect_timeout, defaults.handler.connect_timeout);
  EXPECT_EQ(consume.handler.format, defaults.handler.format);
  EXPECT_EQ(consume.handler.batch_max_events, defaults.handler.batch_max_events);
  EXPECT_EQ(consume.handler.batch_max_bytes, defaults.handler.batch_max_bytes);
  EXPECT_EQ(consume.handler.batch_wait, defaults.handler.batch_wait);
  EXPECT_EQ(consume.handler.processes, defaults.handler.processes);
  EXPECT_EQ(consume.handler.rotate_bytes, defaults.handler.rotate_bytes);
  EXPECT_EQ(consume.handler.rotate_interval, defaults.handler.rotate_interval);
  EXPECT_EQ(consume.order, defaults.order);
  EXPECT_EQ(consume.concurrency, defaults.concurrency);
  EXPECT_EQ(consume.rate_limit, defaults.rate_limit);
  EXPECT_EQ(consume.retry_attempts, defaults.retry_attempts);
  EXPECT_EQ(consume.retry_initial, defaults.retry_initial);
  EXPECT_EQ(consume.retry_max, defaults.retry_max);
  EXPECT_EQ(consume.parked_keys, defaults.parked_keys);
  EXPECT_EQ(consume.revoke_deadline, defaults.revoke_deadline);
  EXPECT_EQ(consume.buffer_events, defaults.buffer_events);
  EXPECT_EQ(consume.buffer_bytes, defaults.buffer_bytes);
  EXPECT_EQ(consume.start.kind, defaults.start.kind);
  EXPECT_EQ(consume.skip_resends, defaults.skip_resends);
  EXPECT_EQ(consume.resends_look_back, defaults.resends_look_back);
  EXPECT_EQ(consume.breaker, defaults.breaker);
  EXPECT_TRUE(consume.breaker_rules == defaults.breaker_rules);
  EXPECT_FALSE(consume.direct());
}

TEST_F(SettingsTest, AnErrorNamesSourceOptionValueAndRange) {
  EXPECT_THAT(bad(std::string(kProduce) + "[ingest]\nmax-connections = 0\n"),
              AllOf(HasSubstr(conf() + ":6: "), HasSubstr("ingest.max-connections = 0"), HasSubstr("1..1000000")));
  EXPECT_THAT(bad(kProduce, {"--shutdown.deadline=1ms"}),
              AllOf(HasSubstr("command line: shutdown.deadline = 1ms"), HasSubstr("100ms..1h")));
}

TEST_F(SettingsTest, ARouteLackingARequiredKeyNamesIt) {
  EXPECT_THAT(bad("[produce.a]\nkey-pointer = /k\n"), HasSubstr("produce.a.topic is missing"));
  EXPECT_THAT(bad("[consume.a]\ntopic = t\nhandler = file:/o\n"), HasSubstr("consume.a.group is missing"));
  EXPECT_THAT(bad("[consume.a]\ntopic = t\ngroup = g\n"), HasSubstr("consume.a.handler is missing"));
}

TEST_F(SettingsTest, ARouteNameHasSmallLettersDigitsAndDashes) {
  for (const char* name : {"A", "a_b", "a b", ""}) {
    bad("[produce." + std::string(name) + "]\ntopic = t\n");
  }
  EXPECT_THAT(bad("[produce.A]\ntopic = t\n"), HasSubstr("a-z 0-9 -"));
}

TEST_F(SettingsTest, TwoProduceRoutesOnOneTopicAreAnError) {
  EXPECT_THAT(bad(std::string(kProduce) + "[produce.other]\ntopic = orders\n"),
              AllOf(HasSubstr("produce.orders"), HasSubstr("produce.other"), HasSubstr("same topic = orders")));
}

TEST_F(SettingsTest, RetryInitialIsNotLongerThanRetryMax) {
  EXPECT_THAT(bad(std::string(kProduce) + "retry.initial = 2s\nretry.max = 1s\n"),
              AllOf(HasSubstr("produce.orders.retry.initial = 2s"), HasSubstr("retry.max = 1s")));
  EXPECT_THAT(bad(std::string("[kafka]\nbootstrap.servers = k:1\n") + kConsume + "retry.initial = 1m\n"),
              HasSubstr("consume.billing.retry.initial = 1m"));
}

TEST_F(SettingsTest, AConsumeRouteAloneIsEnough) {
  EXPECT_EQ(good(std::string("[kafka]\nbootstrap.servers = k:1\n") + kConsume).consume.size(), 1U);
}

TEST_F(SettingsTest, EventHubsEmbeddedBrokerAndServersExcludeEachOther) {
  EXPECT_THAT(bad(kProduce, {"--embedded-broker"}),
              AllOf(HasSubstr("embedded-broker"), HasSubstr("kafka.bootstrap.servers")));
  EXPECT_THAT(message_of(load({kRoute, "--embedded-broker"}, {connection_variable()})),
              AllOf(HasSubstr("embedded-broker"), HasSubstr("event-hubs")));
}

TEST_F(SettingsTest, RoutesThatShareAGroupAreWarnedOf) {
  const Settings settings =
      good(std::string(kProduce) + kConsume + "[consume.b]\ntopic = x\ngroup = billing\nhandler = file:/o\n");
  EXPECT_THAT(settings.warnings, Contains(AllOf(HasSubstr("share the group billing"), HasSubstr("consume.b"))));
}

TEST_F(SettingsTest, DeadlinesAndSizesThatWorkAgainstEachOtherAreWarnedOf) {
  EXPECT_THAT(good(std::string(kProduce) + kConsume + "[shutdown]\ndeadline = 5s\n").warnings,
              Contains(HasSubstr("revoke.deadline")));
  EXPECT_THAT(good(kProduce, {"--produce.orders.spool.segment-bytes=1MiB"}).warnings,
              Contains(HasSubstr("segment-bytes")));
}

}  // namespace
}  // namespace hubferry::config

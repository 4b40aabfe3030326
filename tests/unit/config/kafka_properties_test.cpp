#include "config/kafka_properties.h"

#include "config/client_defaults.h"
#include "config/event_hubs.h"
#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class KafkaPropertiesTest : public Loading {
 protected:
  static Settings with(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {kBroker, kRoute});
    return settings_of(load(arguments, {}));
  }
};

TEST_F(KafkaPropertiesTest, ReachBothKindsOfClient) {
  const Settings settings = with({"--kafka.socket.timeout.ms=5000"});
  EXPECT_EQ(settings.producer_properties.at("socket.timeout.ms"), "5000");
  EXPECT_EQ(settings.consumer_properties.at("socket.timeout.ms"), "5000");
  EXPECT_EQ(settings.producer_properties.at("bootstrap.servers"), "k:9092");
  EXPECT_EQ(settings.consumer_properties.at("bootstrap.servers"), "k:9092");
}

TEST_F(KafkaPropertiesTest, ReachOnlyTheKindThatKnowsThem) {
  const Settings settings = with({"--kafka.batch.size=5000", "--kafka.compression.codec=lz4",
                                  "--kafka.fetch.wait.max.ms=10", "--kafka.group.instance.id=a"});
  EXPECT_EQ(settings.producer_properties.at("batch.size"), "5000");
  EXPECT_EQ(settings.producer_properties.at("compression.type"), "lz4");
  EXPECT_EQ(settings.consumer_properties.at("fetch.wait.max.ms"), "10");
  EXPECT_EQ(settings.consumer_properties.at("group.instance.id"), "a");
  for (const auto& [name, value] : settings.producer_properties)
    EXPECT_NE(client_kind(name), ClientKind::kConsumer) << name;
  for (const auto& [name, value] : settings.consumer_properties)
    EXPECT_NE(client_kind(name), ClientKind::kProducer) << name;
}

TEST_F(KafkaPropertiesTest, DefaultsAreSetAndCanBeOverridden) {
  const Settings plain = with({});
  for (const ClientDefault& row : client_defaults()) {
    const std::string name(row.property);
    const auto& properties =
        client_kind(name) == ClientKind::kConsumer ? plain.consumer_properties : plain.producer_properties;
    EXPECT_EQ(properties.at(name), row.value) << name;
  }
  EXPECT_EQ(with({"--kafka.linger.ms=0"}).producer_properties.at("linger.ms"), "0");
}

TEST_F(KafkaPropertiesTest, UnknownNamesAreLeftToLibrdkafka) {
  EXPECT_EQ(with({"--kafka.some.future.property=1"}).producer_properties.at("some.future.property"), "1");
}

TEST_F(KafkaPropertiesTest, NamesWithOtherCharactersAreRefused) {
  EXPECT_THAT(bad_arguments({"--kafka.Linger.ms=1"}), HasSubstr("a-z 0-9"));
  EXPECT_THAT(bad("[kafka]\nlinger-ms = 1\n"), HasSubstr("a-z 0-9"));
}

TEST_F(KafkaPropertiesTest, WhatTheDaemonManagesIsRefusedWithTheReason) {
  for (const char* name : {"enable.auto.commit",
                           "enable.auto.offset.store",
                           "auto.offset.reset",
                           "enable.idempotence",
                           "acks",
                           "request.required.acks",
                           "message.timeout.ms",
                           "delivery.timeout.ms",
                           "enable.gapless.guarantee",
                           "group.id",
                           "partition.assignment.strategy",
                           "transactional.id",
                           "partitioner",
                           "auto.commit.enable",
                           "dr_msg_cb",
                           "ssl_ca",
                           "enabled_events",
                           "delivery.report.only.error",
                           "queuing.strategy",
                           "test.mock.num.brokers"}) {
    EXPECT_THAT(bad_arguments({kBroker, kRoute, "--kafka." + std::string(name) + "=1"}),
                AllOf(HasSubstr("kafka." + std::string(name) + " = 1"), HasSubstr("cannot be set: ")))
        << name;
  }
  EXPECT_THAT(bad_arguments({kBroker, kRoute, "--kafka.group.id=g"}), HasSubstr("[consume.NAME]"));
}

TEST_F(KafkaPropertiesTest, BootstrapServersAreHostsAndPorts) {
  EXPECT_THAT(bad_arguments({kRoute, "--kafka.bootstrap.servers=a:b"}), HasSubstr("host:port,host:port"));
  EXPECT_EQ(
      settings_of(load({kRoute, "--kafka.metadata.broker.list=a:1"}, {})).producer_properties.at("bootstrap.servers"),
      "a:1");
}

TEST_F(KafkaPropertiesTest, ALimitOfTheDaemonNamesTheRange) {
  EXPECT_THAT(bad_arguments({kBroker, kRoute, "--kafka.statistics.interval.ms=0"}), HasSubstr("1000..60000"));
  EXPECT_THAT(bad_arguments({kBroker, kRoute, "--kafka.topic.metadata.refresh.interval.ms=-1"}),
              AllOf(HasSubstr("10..3600000"), HasSubstr("never noticed")));
}

TEST_F(KafkaPropertiesTest, AShortMaxAgeShortensTheRefresh) {
  const Settings settings = with({"--kafka.metadata.max.age.ms=5000"});
  EXPECT_EQ(settings.consumer_properties.at("metadata.max.age.ms"), "5000");
  EXPECT_EQ(settings.consumer_properties.at("topic.metadata.refresh.interval.ms"), "5000");
}

TEST_F(KafkaPropertiesTest, ALongMaxAgeLeavesTheRefresh) {
  EXPECT_EQ(with({"--kafka.metadata.max.age.ms=600000"}).consumer_properties.at("topic.metadata.refresh.interval.ms"),
            "60000");
}

TEST_F(KafkaPropertiesTest, ALongRefreshLengthensTheMaxAgeAndAShortOneDoesNot) {
  const Settings longer = with({"--kafka.topic.metadata.refresh.interval.ms=400000"});
  EXPECT_EQ(longer.consumer_properties.at("metadata.max.age.ms"), "400000");
  EXPECT_EQ(longer.consumer_properties.at("topic.metadata.refresh.interval.ms"), "400000");
  EXPECT_EQ(with({"--kafka.topic.metadata.refresh.interval.ms=1000"}).consumer_properties.at("metadata.max.age.ms"),
            "180000");
}

TEST_F(KafkaPropertiesTest, BothMetadataTimesGivenStayAndAContradictionIsWarnedOf) {
  const Settings settings =
      with({"--kafka.topic.metadata.refresh.interval.ms=9000", "--kafka.metadata.max.age.ms=8000"});
  EXPECT_EQ(settings.consumer_properties.at("topic.metadata.refresh.interval.ms"), "9000");
  EXPECT_EQ(settings.consumer_properties.at("metadata.max.age.ms"), "8000");
  EXPECT_THAT(settings.warnings, Contains(HasSubstr("longer than kafka.metadata.max.age.ms")));
}

TEST_F(KafkaPropertiesTest, MessagesHaveRoomForTheLargestEvent) {
  EXPECT_EQ(with({"--ingest.max-event=2000000"}).producer_properties.at("message.max.bytes"), "2001024");
  EXPECT_EQ(with({"--ingest.max-event=1000"}).producer_properties.at("message.max.bytes"), "1000000");
}

TEST_F(KafkaPropertiesTest, TooSmallMessagesForTheLargestEventAreWarnedOf) {
  const Settings settings = with({"--kafka.message.max.bytes=500000"});
  EXPECT_EQ(settings.producer_properties.at("message.max.bytes"), "500000");
  EXPECT_THAT(settings.warnings, Contains(AllOf(HasSubstr("message.max.bytes = 500000"), HasSubstr("1001024"))));
}

TEST_F(KafkaPropertiesTest, TheEmbeddedBrokerShortensTheSession) {
  const Settings settings = settings_of(load({kRoute, "--embedded-broker"}, {}));
  EXPECT_EQ(settings.consumer_properties.at("session.timeout.ms"), "6000");
  EXPECT_FALSE(settings.producer_properties.contains("bootstrap.servers"));
}

TEST_F(KafkaPropertiesTest, EventHubsWithoutItsProfileIsWarnedOf) {
  const Settings settings = settings_of(load({kRoute, "--kafka.bootstrap.servers=ns.servicebus.windows.net:9093"}, {}));
  EXPECT_THAT(settings.warnings, Contains(HasSubstr("its profile is not in use")));
  EXPECT_THAT(with({}).warnings, IsEmpty());
}

TEST(SecretProperty, KnowsPasswordsKeysAndTheirMisspeltNames) {
  for (const char* name :
       {"sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config", "ssl.key.pasword", "sasl.passwrd", "sasl.jaas.config"}) {
    EXPECT_TRUE(is_secret_property(name)) << name;
  }
  for (const char* name : {"sasl.username", "ssl.key.location", "bootstrap.servers", "ssl.ca.pem", "client.id"}) {
    EXPECT_FALSE(is_secret_property(name)) << name;
  }
}

}  // namespace
}  // namespace hubferry::config

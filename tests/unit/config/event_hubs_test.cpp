#include "config/event_hubs.h"

#include <unistd.h>

#include <array>

#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The CA bundle is given, so that the tests do not depend on the host's.
class EventHubsTest : public Loading {
 protected:
  static std::vector<std::string> arguments(std::vector<std::string> more) {
    more.insert(more.end(), {kRoute, "--kafka.ssl.ca.location=/ca.crt"});
    return more;
  }
  static Settings with(std::vector<std::string> more, const std::string& connection = connection_string()) {
    return settings_of(load(arguments(std::move(more)), {connection_variable(connection)}));
  }
  static std::string refused(std::vector<std::string> more) {
    const std::string message = message_of(load(arguments(std::move(more)), {connection_variable()}));
    EXPECT_THAT(message, Not(HasSubstr(kKey)));
    return message;
  }
};

TEST_F(EventHubsTest, AConnectionStringGivesAddressAndCredentials) {
  const Settings settings = with({});
  for (const KafkaProperties& properties : {settings.producer_properties, settings.consumer_properties}) {
    EXPECT_EQ(properties.at("bootstrap.servers"), "ns.servicebus.windows.net:9093");
    EXPECT_EQ(properties.at("security.protocol"), "SASL_SSL");
    EXPECT_EQ(properties.at("sasl.mechanism"), "PLAIN");
    EXPECT_EQ(properties.at("sasl.username"), "$ConnectionString");
    EXPECT_EQ(properties.at("sasl.password"), connection_string());
    EXPECT_EQ(properties.at("ssl.ca.location"), "/ca.crt");
  }
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST_F(EventHubsTest, TheProfileIsSetForTheClientsThatKnowIt) {
  const Settings settings = with({});
  for (const KafkaProperties& properties : {settings.producer_properties, settings.consumer_properties}) {
    EXPECT_EQ(properties.at("metadata.max.age.ms"), "180000");
    EXPECT_EQ(properties.at("topic.metadata.refresh.interval.ms"), "60000");
    EXPECT_EQ(properties.at("connections.max.idle.ms"), "180000");
    EXPECT_EQ(properties.at("socket.keepalive.enable"), "true");
    EXPECT_EQ(properties.at("socket.timeout.ms"), "70000");
    EXPECT_EQ(properties.at("allow.auto.create.topics"), "false");
    EXPECT_EQ(properties.at("message.max.bytes"), "1001024");  // ingest.max-event and its framing
    EXPECT_FALSE(properties.contains("group.protocol"));       // librdkafka before 2.4 does not know it
  }
  EXPECT_EQ(settings.producer_properties.at("request.timeout.ms"), "60000");
  EXPECT_EQ(settings.producer_properties.at("compression.type"), "none");
  EXPECT_EQ(settings.consumer_properties.at("session.timeout.ms"), "30000");
  EXPECT_EQ(settings.consumer_properties.at("heartbeat.interval.ms"), "3000");
  EXPECT_EQ(settings.consumer_properties.at("max.poll.interval.ms"), "300000");
}

TEST_F(EventHubsTest, TheProfileIsNotSetForOtherClusters) {
  const Settings settings = settings_of(load({kBroker, kRoute}, {}));
  EXPECT_FALSE(settings.producer_properties.contains("request.timeout.ms"));
  EXPECT_FALSE(settings.producer_properties.contains("security.protocol"));
  EXPECT_FALSE(settings.consumer_properties.contains("session.timeout.ms"));
}

TEST_F(EventHubsTest, EveryProfileValueIsInsideItsOwnRange) {
  for (const EventHubsRule& rule : event_hubs_rules()) {
    if (rule.value.empty()) continue;
    EXPECT_TRUE(load(arguments({"--kafka." + std::string(rule.property) + "=" + std::string(rule.value)}),
                     {connection_variable()}))
        << rule.property;
  }
}

TEST_F(EventHubsTest, ValuesJustInsideTheRangeAreAccepted) {
  for (const char* option :
       {"metadata.max.age.ms=239999", "topic.metadata.refresh.interval.ms=180000", "connections.max.idle.ms=239999",
        "request.timeout.ms=60000", "socket.timeout.ms=60000", "session.timeout.ms=6000", "session.timeout.ms=299999",
        "max.poll.interval.ms=30001", "message.max.bytes=1046527", "client.id=x", "security.protocol=sasl_ssl"}) {
    const auto result = load(arguments({"--kafka." + std::string(option)}), {connection_variable()});
    EXPECT_TRUE(result) << option << ": " << (result ? "" : result.error().message);
  }
}

TEST_F(EventHubsTest, ValuesOutsideTheRangeAreErrorsThatNameOptionValueAndRange) {
  struct Case {
    std::string property, value, range;
  };
  for (const Case& c : std::vector<Case>{{"metadata.max.age.ms", "240000", "1..239999"},
                                         {"topic.metadata.refresh.interval.ms", "180001", "1..180000"},
                                         {"connections.max.idle.ms", "0", "1..239999"},
                                         {"connections.max.idle.ms", "240000", "1..239999"},
                                         {"socket.keepalive.enable", "false", "true"},
                                         {"request.timeout.ms", "59999", "60000.."},
                                         {"socket.timeout.ms", "59999", "60000..300000"},
                                         {"session.timeout.ms", "5999", "6000..300000"},
                                         {"session.timeout.ms", "300001", "6000..300000"},
                                         {"heartbeat.interval.ms", "2999", "3000"},
                                         {"max.poll.interval.ms", "30000", "more than session.timeout.ms"},
                                         {"message.max.bytes", "1046528", "1000..1046527"},
                                         {"message.max.bytes", "lots", "whole number"},
                                         {"compression.type", "snappy", "none,gzip"},
                                         {"compression.codec", "zstd", "none,gzip"},
                                         {"allow.auto.create.topics", "true", "false"},
                                         {"group.protocol", "consumer", "classic"},
                                         {"client.id", std::string(257, 'x'), "256"},
                                         {"security.protocol", "PLAINTEXT", "sasl_ssl"},
                                         {"sasl.mechanism", "OAUTHBEARER", "plain"},
                                         {"sasl.username", "me", "$connectionstring"}}) {
    EXPECT_THAT(
        refused({"--kafka." + c.property + "=" + c.value}),
        AllOf(HasSubstr("command line: kafka." + c.property + " = " + c.value.substr(0, 100)), HasSubstr(c.range)));
  }
}

TEST_F(EventHubsTest, AnEventLargerThanAMessageMayBeIsRefusedAtStart) {
  EXPECT_THAT(refused({"--ingest.max-event=2MiB"}), AllOf(HasSubstr("ingest.max-event"), HasSubstr("1000..1046527")));
}

TEST_F(EventHubsTest, AcceptOutsideRangeTurnsTheErrorIntoAWarning) {
  const Settings settings =
      with({"--kafka.session.timeout.ms=5000", "--kafka.queue.buffering.max.ms=1", "--kafka.compression.codec=lz4",
            "--event-hubs.accept-outside-range=session.timeout.ms, compression.codec"});
  EXPECT_EQ(settings.consumer_properties.at("session.timeout.ms"), "5000");
  EXPECT_THAT(settings.warnings, Contains(AllOf(HasSubstr("session.timeout.ms = 5000"), HasSubstr("6000..300000"))));
  EXPECT_THAT(settings.warnings, Contains(HasSubstr("lz4")));
  EXPECT_THAT(refused({"--kafka.session.timeout.ms=5000", "--event-hubs.accept-outside-range=heartbeat.interval.ms"}),
              HasSubstr("session.timeout.ms"));
}

TEST_F(EventHubsTest, AcceptOutsideRangeKnowsItsProperties) {
  EXPECT_THAT(refused({"--event-hubs.accept-outside-range=sesion.timeout.ms"}), HasSubstr("is session.timeout.ms"));
  EXPECT_THAT(settings_of(load({kBroker, kRoute, "--event-hubs.accept-outside-range=client.id"}, {})).warnings,
              Contains(HasSubstr("no effect")));
}

TEST_F(EventHubsTest, GzipIsAcceptedWithAWarning) {
  EXPECT_THAT(with({"--kafka.compression.type=gzip"}).warnings, Contains(HasSubstr("Premium and Dedicated")));
}

TEST_F(EventHubsTest, ServersGivenByTheUserOverrideTheEndpoint) {
  EXPECT_EQ(with({"--kafka.bootstrap.servers=10.0.0.5:9093"}).producer_properties.at("bootstrap.servers"),
            "10.0.0.5:9093");
}

TEST_F(EventHubsTest, APasswordBesidesTheConnectionStringIsAnError) {
  const std::string message =
      message_of(load(arguments({}), {connection_variable(), "HUBFERRY_KAFKA_SASL_PASSWORD=hunter2"}));
  EXPECT_THAT(message, AllOf(HasSubstr("sasl.password = (hidden)"), Not(HasSubstr("hunter2"))));
}

TEST_F(EventHubsTest, AConnectionStringForAnotherHubIsWarnedOf) {
  EXPECT_THAT(with({}, connection_string() + ";EntityPath=payments").warnings,
              Contains(AllOf(HasSubstr("payments"), HasSubstr("produce.orders (topic orders)"))));
  EXPECT_THAT(with({}, connection_string() + ";EntityPath=orders").warnings, IsEmpty());
}

TEST_F(EventHubsTest, TheEmulatorNeedsNoCertificates) {
  const Settings settings = settings_of(
      load({kRoute}, {connection_variable(connection_string("localhost") + ";UseDevelopmentEmulator=true")}));
  EXPECT_EQ(settings.producer_properties.at("bootstrap.servers"), "localhost:9092");
  EXPECT_EQ(settings.producer_properties.at("security.protocol"), "SASL_PLAINTEXT");
  EXPECT_FALSE(settings.producer_properties.contains("ssl.ca.location"));
}

TEST_F(EventHubsTest, TheFirstReadableCaBundleIsTaken) {
  const std::string first = write("first.crt", "x");
  const std::string second = write("second.crt", "x");
  const std::array<const char*, 3> paths{"/no/such/bundle.crt", first.c_str(), second.c_str()};
  EXPECT_EQ(find_ca_bundle(paths), first);
  const std::array<const char*, 1> none{"/no/such/bundle.crt"};
  EXPECT_EQ(find_ca_bundle(none), "");
}

TEST_F(EventHubsTest, TheFileIsReadAndItsNewlineTrimmed) {
  const std::string path = write("secret", connection_string() + "\n", 0640);
  const Settings settings = settings_of(load(arguments({"--event-hubs.connection-string-file=" + path}), {}));
  EXPECT_EQ(settings.producer_properties.at("sasl.password"), connection_string());
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST_F(EventHubsTest, AFileThatOthersMayReadIsWarnedOf) {
  const std::string path = write("secret", connection_string(), 0644);
  const Settings settings = settings_of(load(arguments({"--event-hubs.connection-string-file=" + path}), {}));
  EXPECT_THAT(settings.warnings, testing::ElementsAre(AllOf(HasSubstr(path), HasSubstr("chmod"))));
}

TEST_F(EventHubsTest, AnEmptyOrMissingFileIsAnErrorThatNamesIt) {
  const std::string empty = write("empty", "\n");
  EXPECT_THAT(bad_arguments(arguments({"--event-hubs.connection-string-file=" + empty})),
              AllOf(HasSubstr(empty), HasSubstr("is empty")));
  EXPECT_THAT(bad_arguments(arguments({"--event-hubs.connection-string-file=/no/such/secret"})),
              AllOf(HasSubstr("event-hubs.connection-string-file /no/such/secret"), HasSubstr("No such file")));
}

TEST_F(EventHubsTest, AConnectionStringInPlaceOfItsFilesNameIsNotShown) {
  const std::string message = bad_arguments(arguments({"--event-hubs.connection-string-file=" + connection_string()}));
  EXPECT_THAT(message, AllOf(HasSubstr("(hidden)"), Not(HasSubstr(kKey))));
}

TEST_F(EventHubsTest, FileAndVariableTogetherAreAnError) {
  const std::string path = write("secret", connection_string());
  EXPECT_THAT(refused({"--event-hubs.connection-string-file=" + path}), HasSubstr("both set"));
}

TEST_F(EventHubsTest, AWrongConnectionStringNamesWhereItCameFrom) {
  const std::string path = write("secret", "Endpoint=sb://ns/");
  EXPECT_THAT(bad_arguments(arguments({"--event-hubs.connection-string-file=" + path})),
              AllOf(HasSubstr("event-hubs.connection-string-file " + path), HasSubstr("SharedAccessKey")));
  EXPECT_THAT(message_of(load(arguments({}), {connection_variable("Endpoint=sb://ns/")})),
              HasSubstr("environment HUBFERRY_EVENT_HUBS_CONNECTION_STRING"));
}

}  // namespace
}  // namespace hubferry::config

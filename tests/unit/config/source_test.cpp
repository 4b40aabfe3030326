#include "config/source.h"

#include "config/command_line.h"
#include "config/environment.h"
#include "config/schema.h"
#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SourceTest : public Loading {};

TEST_F(SourceTest, TheCommandLineWinsOverTheEnvironmentAndThatOverTheFile) {
  const std::string text = std::string(kProduce) + "[log]\nlevel = warn\n";
  const std::vector<std::string> environment{"HUBFERRY_LOG_LEVEL=error"};
  EXPECT_EQ(good(text).log.level, "warn");
  EXPECT_EQ(good(text, {}, environment).log.level, "error");
  EXPECT_EQ(good(text, {"--log.level=trace"}, environment).log.level, "trace");
}

TEST_F(SourceTest, AnotherNameOfAKafkaPropertyWinsOverTheFileToo) {
  const std::string text = std::string(kProduce) + "[kafka]\nlinger.ms = 1\n";
  const Settings settings = good(text, {"--kafka.queue.buffering.max.ms=7"});
  EXPECT_EQ(settings.producer_properties.at("linger.ms"), "7");
  EXPECT_FALSE(settings.producer_properties.contains("queue.buffering.max.ms"));
}

TEST_F(SourceTest, WithoutRoutesAndBrokerItSaysWhatToSet) {
  EXPECT_THAT(bad_arguments({}), AllOf(HasSubstr("no route"), HasSubstr("[produce.NAME]")));
  EXPECT_THAT(bad_arguments({kRoute}), AllOf(HasSubstr("kafka.bootstrap.servers"), HasSubstr("--embedded-broker")));
}

class CommandLineTest : public Loading {};

TEST_F(CommandLineTest, TakesValuesBehindAnEqualsSignOrAsTheNextWord) {
  const Settings settings =
      settings_of(load({"--log.level", "debug", kBroker, "--produce.a.topic", "ta", "--produce.b.topic=tb"}, {}));
  EXPECT_EQ(settings.log.level, "debug");
  EXPECT_EQ(settings.produce.at(0).topic, "ta");
  EXPECT_EQ(settings.produce.at(1).topic, "tb");
}

TEST_F(CommandLineTest, EachCommandIsTold) {
  EXPECT_EQ(load({kBroker, kRoute}, {})->command, Command::kRun);
  EXPECT_EQ(load({kBroker, kRoute, "--check"}, {})->command, Command::kCheck);
  EXPECT_EQ(load({kBroker, kRoute, "--print-config"}, {})->command, Command::kPrintConfig);
  EXPECT_EQ(load({"--version"}, {})->command, Command::kVersion);
  EXPECT_EQ(load({"--help"}, {})->command, Command::kHelp);
}

TEST_F(CommandLineTest, CheckFindsWhatIsWrong) {
  EXPECT_THAT(bad_arguments({"--check"}), HasSubstr("no route"));
}

TEST_F(CommandLineTest, HelpComesEvenIfTheRestIsWrong) {
  EXPECT_TRUE(load({"--help", "--config", "/no/such/file"}, {"HUBFERRY_NONSENSE=1"}).has_value());
}

TEST_F(CommandLineTest, HelpListsEveryKeyWithDefaultAndDescription) {
  const std::string text = load({"--help"}, {})->text;
  for (const Key& key : schema()) {
    EXPECT_THAT(text, HasSubstr("  " + std::string(key.name))) << full_key(key, "NAME");
    EXPECT_THAT(text, HasSubstr(std::string(key.default_value)));
    EXPECT_THAT(text, HasSubstr(std::string(key.description)));
  }
  for (const char* option : {"--config", "--check", "--print-config", "--embedded-broker", "--help", "--version"}) {
    EXPECT_THAT(text, HasSubstr(option));
  }
}

TEST_F(CommandLineTest, EmbeddedBrokerIsTheSwitchOfItsKey) {
  EXPECT_TRUE(settings_of(load({kRoute, "--embedded-broker"}, {})).embedded_broker.enabled);
  EXPECT_THAT(bad_arguments({kRoute, "--embedded-broker", "--embedded-broker.enabled=false"}), HasSubstr("twice"));
}

TEST_F(CommandLineTest, AnUnknownOptionNamesTheNearest) {
  EXPECT_THAT(bad_arguments({"--ingest.lisen=x"}), AllOf(HasSubstr("--ingest.lisen"), HasSubstr("ingest.listen")));
  EXPECT_THAT(bad_arguments({"--chek"}), HasSubstr("--check"));
  EXPECT_THAT(bad_arguments({"--conf=x"}), HasSubstr("--config"));
}

TEST_F(CommandLineTest, AKeyTwiceIsAnError) {
  EXPECT_THAT(bad_arguments({"--log.level=info", "--log.level=info"}),
              AllOf(HasSubstr("log.level"), HasSubstr("twice")));
  EXPECT_THAT(bad_arguments({"--config=a", "--config=b"}), HasSubstr("twice"));
}

TEST_F(CommandLineTest, AMissingValueIsAnError) {
  for (const char* option :
       {"--log.level", "--log.level=", "--config", "--produce.orders.topic", "--kafka.client.id"}) {
    EXPECT_THAT(bad_arguments({option}), HasSubstr("needs a value")) << option;
  }
  EXPECT_THAT(bad_arguments({"--check=yes"}), AllOf(HasSubstr("--check"), HasSubstr("takes no value")));
}

TEST_F(CommandLineTest, SecretsAreRefusedAndNotRepeated) {
  for (const char* key :
       {"event-hubs.connection-string", "kafka.sasl.password", "kafka.ssl.key.password", "kafka.ssl.key.pem",
        "kafka.ssl.keystore.password", "kafka.sasl.oauthbearer.client.secret", "kafka.sasl.oauthbearer.config"}) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--" + std::string(key) + "=hunter2"}, {"--" + std::string(key), "hunter2"}}) {
      EXPECT_THAT(bad_arguments(arguments), AllOf(HasSubstr(key), HasSubstr("HUBFERRY_"), Not(HasSubstr("hunter2"))));
    }
  }
}

TEST_F(CommandLineTest, AnArgumentThatIsNoOptionIsRefusedAndNotRepeated) {
  EXPECT_THAT(bad_arguments({"hunter2"}), AllOf(HasSubstr("--SECTION.KEY=VALUE"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(bad_arguments({"--=hunter2"}), Not(HasSubstr("hunter2")));
  EXPECT_THAT(bad_arguments({"-hunter2"}), Not(HasSubstr("hunter2")));
}

class EnvironmentTest : public Loading {};

TEST_F(EnvironmentTest, ReachesKeysRoutesAndKafkaProperties) {
  const Settings settings =
      settings_of(load({}, {"PATH=/bin", "HUBFERRY_INGEST_LISTEN=127.0.0.1:99", "HUBFERRY_KAFKA_BOOTSTRAP_SERVERS=k:1",
                            "HUBFERRY_KAFKA_SOCKET_TIMEOUT_MS=61000", "HUBFERRY_KAFKA_LOG_LEVEL=3",
                            "HUBFERRY_PRODUCE_ORDERS_TOPIC=orders", "HUBFERRY_PRODUCE_ORDERS_SPOOL_MAX_BYTES=1GiB",
                            "HUBFERRY_SHUTDOWN_DEADLINE=3s"}));
  EXPECT_EQ(settings.ingest.listen, "127.0.0.1:99");
  EXPECT_EQ(settings.producer_properties.at("bootstrap.servers"), "k:1");
  EXPECT_EQ(settings.producer_properties.at("socket.timeout.ms"), "61000");
  EXPECT_EQ(settings.producer_properties.at("log_level"), "3");
  ASSERT_EQ(settings.produce.size(), 1U);
  EXPECT_EQ(settings.produce[0].name, "orders");
  EXPECT_EQ(settings.produce[0].spool_max_bytes, 1'073'741'824U);
  EXPECT_EQ(settings.shutdown.deadline.count(), 3'000);
}

TEST_F(EnvironmentTest, MeansARouteOfTheFileOrTheCommandLineByNormalisedName) {
  const std::string file = "[kafka]\nbootstrap.servers = k:1\n[produce.my-route]\ntopic = t\n";
  const Settings settings = good(file, {"--consume.a-b.group=g", "--consume.a-b.handler=file:/o"},
                                 {"HUBFERRY_PRODUCE_MY_ROUTE_TOPIC=u", "HUBFERRY_CONSUME_A_B_TOPIC=t"});
  ASSERT_EQ(settings.produce.size(), 1U);
  EXPECT_EQ(settings.produce[0].name, "my-route");
  EXPECT_EQ(settings.produce[0].topic, "u");
  ASSERT_EQ(settings.consume.size(), 1U);
  EXPECT_EQ(settings.consume[0].topic, "t");
}

TEST_F(EnvironmentTest, MakesANewRouteWithDashesOtherwise) {
  const Settings settings = settings_of(load({kBroker}, {"HUBFERRY_PRODUCE_MY_ROUTE_TOPIC=t"}));
  ASSERT_EQ(settings.produce.size(), 1U);
  EXPECT_EQ(settings.produce[0].name, "my-route");
}

TEST_F(EnvironmentTest, TellsAKeyOfSeveralWordsFromTheRoutesName) {
  const Settings settings =
      settings_of(load({kBroker}, {"HUBFERRY_CONSUME_A_TOPIC=t", "HUBFERRY_CONSUME_A_GROUP=g",
                                   "HUBFERRY_CONSUME_A_HANDLER=file:/o", "HUBFERRY_CONSUME_A_HANDLER_TIMEOUT=7s"}));
  ASSERT_EQ(settings.consume.size(), 1U);
  EXPECT_EQ(settings.consume[0].handler.timeout.count(), 7'000);
}

// Otherwise HUBFERRY_PRODUCE_A_B_C could mean a key of route a or another one of route a-b.
TEST_F(EnvironmentTest, NoKeyOfARouteEndsLikeAnother) {
  for (const Key& one : schema()) {
    for (const Key& other : schema()) {
      if (&one == &other || one.section != other.section || !one.section.ends_with(".*")) continue;
      EXPECT_FALSE(variable_name(one.name).ends_with("_" + variable_name(other.name)))
          << one.name << ", " << other.name;
    }
  }
}

TEST_F(EnvironmentTest, AVariableThatMeansNothingNamesTheNearest) {
  EXPECT_THAT(message_of(load({kBroker, kRoute}, {"HUBFERRY_INGEST_LISTN=x"})),
              AllOf(HasSubstr("HUBFERRY_INGEST_LISTN"), HasSubstr("is HUBFERRY_INGEST_LISTEN")));
  EXPECT_THAT(message_of(load({kBroker, kRoute}, {"HUBFERRY_PRODUCE_ORDERS_TOPIK=x"})),
              HasSubstr("is HUBFERRY_PRODUCE_ORDERS_TOPIC"));
  EXPECT_THAT(message_of(load({kBroker, kRoute}, {"HUBFERRY_PRODUCE__TOPIC=x"})), HasSubstr("unknown variable"));
}

TEST_F(EnvironmentTest, AnErrorNamesTheVariable) {
  EXPECT_THAT(message_of(load({kBroker, kRoute}, {"HUBFERRY_SHUTDOWN_DEADLINE=soon"})),
              AllOf(HasSubstr("environment HUBFERRY_SHUTDOWN_DEADLINE"), HasSubstr("shutdown.deadline = soon")));
}

TEST_F(EnvironmentTest, TheSameKeyTwiceIsAnError) {
  EXPECT_THAT(
      message_of(load({kRoute}, {"HUBFERRY_KAFKA_BOOTSTRAP_SERVERS=a:1", "HUBFERRY_KAFKA_METADATA_BROKER_LIST=a:1"})),
      HasSubstr("already given as environment HUBFERRY_KAFKA_BOOTSTRAP_SERVERS"));
}

TEST_F(EnvironmentTest, ConfigNamesTheFileUnlessTheCommandLineDoes) {
  const std::string path = write("a.conf", kProduce);
  EXPECT_EQ(settings_of(load({}, {"HUBFERRY_CONFIG=" + path})).produce.at(0).topic, "orders");
  const std::string other = write("b.conf", "[kafka]\nbootstrap.servers = k:1\n[produce.b]\ntopic = b\n");
  EXPECT_EQ(settings_of(load({"--config=" + other}, {"HUBFERRY_CONFIG=" + path})).produce.at(0).topic, "b");
}

// A Service called hubferry makes Kubernetes set these in every pod of its namespace.
TEST_F(EnvironmentTest, LeavesTheVariablesOfAKubernetesServiceAlone) {
  const Settings settings = settings_of(
      load({kBroker, kRoute},
           {"HUBFERRY_SERVICE_HOST=10.0.0.1", "HUBFERRY_SERVICE_PORT=8080", "HUBFERRY_SERVICE_PORT_HTTP=8080",
            "HUBFERRY_PORT=tcp://10.0.0.1:8080", "HUBFERRY_PORT_8080_TCP=tcp://10.0.0.1:8080",
            "HUBFERRY_PORT_8080_TCP_PROTO=tcp", "HUBFERRY_PORT_8080_TCP_PORT=8080",
            "HUBFERRY_PORT_8080_TCP_ADDR=10.0.0.1", "HUBFERRY_KAFKA_SERVICE_HOST=10.0.0.2"}));
  EXPECT_FALSE(settings.producer_properties.contains("service.host"));
}

TEST_F(EnvironmentTest, SecretsAreAcceptedAndNotRepeated) {
  const Settings settings = settings_of(load({kBroker, kRoute}, {"HUBFERRY_KAFKA_SASL_PASSWORD=hunter2"}));
  EXPECT_EQ(settings.producer_properties.at("sasl.password"), "hunter2");
  EXPECT_THAT(message_of(load({kBroker, kRoute}, {"HUBFERRY_KAFKA_SASL_PASSWRD=hunter2", "HUBFERRY_LOG_LEVEL=x"})),
              Not(HasSubstr("hunter2")));
}

TEST(Nearest, HasTheSmallestEditDistance) {
  const std::vector<std::string> words{"ingest.listen", "ingest.max-body", "log.level"};
  EXPECT_EQ(nearest("ingest.lisetn", words), "ingest.listen");
  EXPECT_EQ(nearest("LOG.LEVLE", words), "log.level");
  EXPECT_EQ(nearest("", words), "log.level");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace hubferry::config

#include "config/print.h"

#include "config/schema.h"
#include "loading.h"

namespace hubferry::config {
namespace {

using testing::HasSubstr;
using testing::Not;

class PrintTest : public Loading {
 protected:
  static std::string print(std::vector<std::string> arguments, const std::vector<std::string>& environment) {
    arguments.emplace_back("--print-config");
    const auto result = load(arguments, environment);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? result->text : std::string();
  }
  // Fields that depend on every key, to compare two configurations.
  static std::string digest(const Settings& s) {
    std::string text = s.log.level + s.ingest.listen + s.spool.directory.string() +
                       std::to_string(s.ingest.max_body_bytes + s.ingest.max_event_bytes) + "\n";
    for (const ProduceRoute& r : s.produce)
      text += r.name + r.topic + r.key_pointer + std::to_string(r.spool_max_bytes) + "\n";
    for (const ConsumeRoute& r : s.consume) text += r.name + r.topic + r.group + r.handler.target + "\n";
    for (const auto& [name, value] : s.producer_properties) text += name + "=" + value + "\n";
    for (const auto& [name, value] : s.consumer_properties) text += name + "=" + value + "\n";
    return text;
  }
};

TEST_F(PrintTest, NamesTheSourceAboveEveryValue) {
  const std::string path = write("a.conf", std::string(kProduce) + "[log]\nlevel = warn\n");
  const std::string text = print({"--config", path, "--ingest.max-body=1MiB"}, {"HUBFERRY_SHUTDOWN_DEADLINE=9s"});
  EXPECT_THAT(text, HasSubstr("# " + path + ":6\nlevel = warn\n"));
  EXPECT_THAT(text, HasSubstr("# command line\nmax-body = 1MiB\n"));
  EXPECT_THAT(text, HasSubstr("# environment HUBFERRY_SHUTDOWN_DEADLINE\ndeadline = 9s\n"));
  EXPECT_THAT(text, HasSubstr("# default\nmax-connections = 4096\n"));
  EXPECT_THAT(text, HasSubstr("[produce.orders]\n# " + path + ":4\ntopic = orders\n"));
  EXPECT_THAT(text, HasSubstr("# default\nlinger.ms = 20\n"));
}

TEST_F(PrintTest, ShowsEveryKeyThatAFileMayHold) {
  const std::string text =
      print({kBroker, kRoute, "--consume.c.topic=t", "--consume.c.group=g", "--consume.c.handler=file:/o"}, {});
  for (const Key& key : schema()) {
    if (key.use == Use::kEnvironmentOnly) continue;
    EXPECT_THAT(text, HasSubstr("\n" + std::string(key.name) + " =")) << key.section;
  }
}

TEST_F(PrintTest, IsAFileThatMeansTheSame) {
  const std::string file = std::string(kProduce) + kConsume + "[kafka]\nclient.id = a#b\n[log]\nlevel = debug\n";
  const auto first = load_file(file, {"--print-config", "--produce.orders.key-pointer=/k"});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(digest(good(first->text)), digest(first->settings));
}

TEST_F(PrintTest, WithEventHubsIsAFileThatMeansTheSameGivenTheSecret) {
  const std::vector<std::string> environment{connection_variable()};
  const auto first = load({kRoute, "--print-config", "--kafka.ssl.ca.location=/ca.crt"}, environment);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_THAT(first->text, HasSubstr("# profile (Event Hubs)\nsession.timeout.ms = 30000\n"));
  EXPECT_EQ(digest(good(first->text, {}, environment)), digest(first->settings));
}

TEST_F(PrintTest, HidesSecrets) {
  const std::string text =
      print({kRoute, "--kafka.ssl.ca.location=/ca.crt"},
            {connection_variable(), "HUBFERRY_KAFKA_SSL_KEY_PASSWORD=hunter2",
             "HUBFERRY_KAFKA_SSL_KEY_PEM=-----BEGIN hunter2", "HUBFERRY_KAFKA_SSL_KEY_PASWORD=hunter2"});
  EXPECT_THAT(text, Not(HasSubstr(kKey)));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  for (const char* name :
       {"connection-string", "sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.key.pasword"}) {
    EXPECT_THAT(text, HasSubstr("\n# " + std::string(name) + " = (hidden)\n"));
  }
}

TEST_F(PrintTest, AValueThatAFileCannotHoldIsAComment) {
  const std::string text =
      print({kBroker, kRoute}, {"HUBFERRY_KAFKA_SSL_CA_PEM=a\nb", "HUBFERRY_KAFKA_CLIENT_ID=a #b"});
  EXPECT_THAT(text, HasSubstr("\n# ssl.ca.pem = a?b\n"));
  EXPECT_THAT(text, HasSubstr("\n# client.id = a #b\n"));
}

}  // namespace
}  // namespace hubferry::config

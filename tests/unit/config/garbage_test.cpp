#include <random>

#include "config/schema.h"
#include "loading.h"

namespace hubferry::config {
namespace {

using testing::HasSubstr;
using testing::Not;

// Files, command lines and variables made of pieces that mean something and bytes that do not. None may throw, crash or
// show the secret that is somewhere in them.
class Garbage : public Loading {
 protected:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  std::string word() {
    static const std::vector<std::string> kWords{"[",
                                                 "]",
                                                 "=",
                                                 " = ",
                                                 "#",
                                                 " # ",
                                                 ";",
                                                 "\n",
                                                 "\r\n",
                                                 "\t",
                                                 "--",
                                                 ".",
                                                 "produce.",
                                                 "consume.",
                                                 "kafka.",
                                                 "[log]\n",
                                                 "NAME",
                                                 "level",
                                                 "info",
                                                 "16MiB",
                                                 "5s",
                                                 "99999999999999999999",
                                                 "true",
                                                 "orders",
                                                 "http://h/x",
                                                 "file:/x",
                                                 "sasl.password",
                                                 "event-hubs.connection-string",
                                                 "\xEF\xBB\xBF",
                                                 "\xFF",
                                                 "k:9092",
                                                 "bootstrap.servers",
                                                 "topic",
                                                 "-1",
                                                 "*",
                                                 "%s"};
    switch (below(5)) {
      case 0:
        return std::string(1, static_cast<char>(below(256)));
      case 1: {
        const auto keys = schema();
        return full_key(keys[below(keys.size())], below(2) == 0 ? "orders" : "x-1");
      }
      default:
        return kWords[below(kWords.size())];
    }
  }
  std::string text(std::size_t longest) {
    std::string result;
    for (std::size_t words = below(longest); words != 0; --words) result += word();
    return result;
  }

  const std::uint64_t seed_ = std::random_device{}();
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  std::mt19937_64 random_{seed_};
};

TEST_F(Garbage, InAFileIsNeverWorseThanAnError) {
  for (int round = 0; round < 400; ++round) {
    const std::string content = (below(2) == 0 ? kProduce : "") + text(60);
    const auto result = load_file(content, {below(2) == 0 ? "--check" : "--print-config"});
    if (!result) {
      ASSERT_FALSE(result.error().message.empty());
      ASSERT_NE(result.error().code, ErrorCode::kInternal) << content;
    }
  }
}

TEST_F(Garbage, OnTheCommandLineIsNeverWorseThanAnError) {
  for (int round = 0; round < 400; ++round) {
    std::vector<std::string> arguments;
    for (std::size_t count = below(4); count != 0; --count) arguments.push_back((below(4) == 0 ? "" : "--") + text(6));
    const auto result = load(arguments, {});
    ASSERT_TRUE(result || result.error().code != ErrorCode::kInternal) << testing::PrintToString(arguments);
  }
}

TEST_F(Garbage, InTheEnvironmentIsNeverWorseThanAnError) {
  for (int round = 0; round < 400; ++round) {
    std::vector<std::string> environment;
    for (std::size_t count = below(4); count != 0; --count)
      environment.push_back("HUBFERRY_" + text(6) + "=" + text(3));
    const auto result = load({kBroker, kRoute}, environment);
    ASSERT_TRUE(result || result.error().code != ErrorCode::kInternal) << testing::PrintToString(environment);
  }
}

TEST_F(Garbage, AroundASecretNeverShowsIt) {
  for (int round = 0; round < 400; ++round) {
    const std::string content = std::string(kProduce) + text(8) + "\n[kafka]\nsasl.password = hunter2" + text(4);
    const auto result = load_file(content, {"--print-config"});
    ASSERT_THAT(result ? result->text : result.error().message, Not(HasSubstr("hunter2"))) << content;
  }
}

}  // namespace
}  // namespace hubferry::config

#include <algorithm>
#include <regex>

#include "config/file.h"
#include "config/schema.h"
#include "loading.h"

namespace hubferry::config {
namespace {

using testing::IsEmpty;

// The examples that packages install, read as an operator would.
class Examples : public Loading {
 protected:
  static std::string example(const std::string& name) { return std::filesystem::path(HUBFERRY_EXAMPLES) / name; }
  static std::string text_of(const std::string& path) {
    const auto text = read_text_file(path, "example");
    EXPECT_TRUE(text) << (text ? "" : text.error().message);
    return text ? *text : std::string();
  }
  // Keys that start a line are brought in from behind their "# ".
  static std::string with_commented_keys(const std::string& text) {
    return std::regex_replace(text, std::regex("(^|\n)# ([a-z][a-z.-]*) = "), "$1$2 = ");
  }
};

TEST_F(Examples, TheWholeExampleIsAccepted) {
  const Settings settings = settings_of(load({"--check", "--config", example("hubferry.conf")}, {}));
  EXPECT_THAT(settings.warnings, IsEmpty());
  EXPECT_EQ(settings.produce.size(), 1U);
  EXPECT_EQ(settings.consume.size(), 1U);
}

TEST_F(Examples, TheWholeExampleHasEveryKeyWithItsDefault) {
  const std::string text = text_of(example("hubferry.conf"));
  for (const Key& key : schema()) {
    if (key.use != Use::kOptional || key.default_value.empty()) continue;
    const std::string line = "\n# " + std::string(key.name) + " = " + std::string(key.default_value);
    EXPECT_THAT(text, testing::HasSubstr(line)) << key.section;
  }
}

TEST_F(Examples, EveryCommentedKeyOfTheWholeExampleIsKnown) {
  std::string text = with_commented_keys(text_of(example("hubferry.conf")));
  text = std::regex_replace(text, std::regex("\nhandler = file:[^\n]*"), "");
  const auto assignments = parse_file(text, "hubferry.conf");
  ASSERT_TRUE(assignments) << assignments.error().message;
  const auto in_files =
      std::count_if(schema().begin(), schema().end(), [](const Key& key) { return key.use != Use::kEnvironmentOnly; });
  EXPECT_GE(assignments->size(), static_cast<std::size_t>(in_files));
}

TEST_F(Examples, TheEventHubsExampleIsAccepted) {
  const std::string secret = write("connection-string", connection_string(), 0640);
  const Settings settings =
      settings_of(load({"--check", "--config", example("event-hubs.conf"),
                        "--event-hubs.connection-string-file=" + secret, "--kafka.ssl.ca.location=/ca.crt"},
                       {}));
  EXPECT_THAT(settings.warnings, IsEmpty());
  EXPECT_EQ(settings.producer_properties.at("security.protocol"), "SASL_SSL");
}

}  // namespace
}  // namespace hubferry::config

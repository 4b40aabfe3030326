#include "event/cloud_event.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hubferry::event {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// The example of the HTTP protocol binding 1.0.2, section 3.1.4, without "ce-".
const Fields kExample = {{"specversion", "1.0"},
                         {"type", "com.example.someevent"},
                         {"time", "2018-04-05T03:56:24Z"},
                         {"id", "1234-1234-1234"},
                         {"source", "/mycontext/subcontext"}};

Fields with(Fields fields, const std::string& name, const std::string& value) {
  for (auto& field : fields) {
    if (field.first == name) {
      field.second = value;
      return fields;
    }
  }
  fields.emplace_back(name, value);
  return fields;
}

Status finish(BinaryCloudEvent& event, const Fields& fields) {
  event.clear();
  for (const auto& [name, value] : fields) event.add(name, value);
  return event.finish();
}

std::string error_of(const Fields& fields) {
  BinaryCloudEvent event;
  const auto finished = finish(event, fields);
  return finished ? "" : finished.error().message;
}

TEST(BinaryCloudEvent, GivesTheHeadersOfTheKafkaBinding) {
  BinaryCloudEvent event;
  ASSERT_TRUE(finish(event, kExample));
  std::string headers;
  for (const Header& h : event.headers()) headers += std::string(h.name) + "=" + std::string(*h.value) + "\n";
  EXPECT_EQ(headers,
            "ce_specversion=1.0\nce_type=com.example.someevent\nce_time=2018-04-05T03:56:24Z\n"
            "ce_id=1234-1234-1234\nce_source=/mycontext/subcontext\n");
  EXPECT_EQ(event.partition_key(), std::nullopt);
}

TEST(BinaryCloudEvent, KeepsExtensionsAndFindsThePartitionKey) {
  BinaryCloudEvent event;
  const Fields fields = with(with(with(kExample, "comexampleextension1", "value"), "comexampleothervalue", "5"),
                             "PartitionKey", "customer%207");
  ASSERT_TRUE(finish(event, fields));
  ASSERT_EQ(event.headers().size(), 8U);
  EXPECT_EQ(event.headers()[5].name, "ce_comexampleextension1");
  EXPECT_EQ(event.headers()[6].value, "5");
  EXPECT_EQ(event.headers()[7].name, "ce_partitionkey") << "names are lower case, and the attribute stays";
  EXPECT_EQ(event.partition_key(), "customer 7");
}

TEST(BinaryCloudEvent, StartsAfreshAfterClear) {
  BinaryCloudEvent event;
  ASSERT_TRUE(finish(event, with(kExample, "partitionkey", "k")));
  event.clear();
  EXPECT_TRUE(event.headers().empty());
  EXPECT_EQ(event.partition_key(), std::nullopt);
  ASSERT_TRUE(finish(event, kExample));
  EXPECT_EQ(event.headers().size(), kExample.size());
  EXPECT_EQ(event.partition_key(), std::nullopt);
}

TEST(BinaryCloudEvent, RequiresFourAttributes) {
  for (const std::string name : {"specversion", "id", "source", "type"}) {
    Fields missing = kExample;
    std::erase_if(missing, [&](const auto& field) { return field.first == name; });
    EXPECT_NE(error_of(missing).find("ce-" + name + " is missing"), std::string::npos) << error_of(missing);
    EXPECT_NE(error_of(with(kExample, name, "")).find("ce-" + name + " is empty"), std::string::npos) << name;
  }
}

TEST(BinaryCloudEvent, RefusesWhatTheSpecificationForbids) {
  const struct {
    const char* name;
    const char* value;
    const char* why;
  } cases[] = {
      {"specversion", "0.3", "only \"1.0\""},
      {"specversion", "1.1", "only \"1.0\""},
      {"datacontenttype", "application/json", "Content-Type stands for it"},
      {"data", "x", "does not name"},
      {"my-extension", "x", "does not name"},
      {"my_extension", "x", "does not name"},
      {"", "x", "does not name"},
      {"subject", "%C0%A0", "not UTF-8"},
      {"subject", "\xff", "not UTF-8"},
      {"subject", "100%", "'%'"},
      {"subject", "%4", "'%'"},
      {"subject", "%zz", "'%'"},
      {"subject", "a%00b", "control character"},
      {"subject", "%C2%80", "control character"},
      {"subject", "%7F", "control character"},
  };
  for (const auto& c : cases) {
    EXPECT_NE(error_of(with(kExample, c.name, c.value)).find(c.why), std::string::npos)
        << c.name << ": " << c.value << ": " << error_of(with(kExample, c.name, c.value));
  }
  Fields twice = kExample;
  twice.emplace_back("ID", "other");
  EXPECT_NE(error_of(twice).find("twice"), std::string::npos);
}

// HTTP protocol binding 1.0.2, section 3.1.3.2.
TEST(AttributeValue, IsUnquotedAndThenPercentDecodedOnce) {
  const struct {
    const char* raw;
    const char* value;
  } cases[] = {
      {"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro \xE2\x82\xAC \xF0\x9F\x98\x80"},  // the specification's example
      {"Euro%20%e2%82%ac", "Euro \xE2\x82\xAC"},                                  // lower case must be accepted
      {"%41%42C", "ABC"},                                                         // so must needless encoding
      {"%2541", "%41"},                                                           // one round
      {"\"a \\\"b\\\" c\"", "a \"b\" c"},
      {"\"x%20y\"", "x y"},
      {"\"back\\\\slash\"", "back\\slash"},
      {"pre\"mid\"post", "premidpost"},
      {"\"open", "\"open"},
      {"\"ends\\", "\"ends\\"},
      {"", ""},
      {"\"\"", ""},
      {"\xE2\x82\xAC", "\xE2\x82\xAC"},
      {"a+b", "a+b"},
      {"1.0", "1.0"},
  };
  for (const auto& c : cases) {
    std::string value = "before:";
    EXPECT_TRUE(append_attribute_value(c.raw, value)) << c.raw;
    EXPECT_EQ(value, std::string("before:") + c.value) << c.raw;
  }
}

}  // namespace
}  // namespace hubferry::event

#include "config/connection_string.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "c2VjcmV0LWtleS1vZi10aGUtdGVzdA==";
const std::string kPolicy = "SharedAccessKeyName=send;SharedAccessKey=" + std::string(kKey);
const std::string kWhole = "Endpoint=sb://ns.servicebus.windows.net/;" + kPolicy;

std::string refusal(const std::string& text) {
  const auto result = parse_connection_string(text, "THE PLACE");
  if (result) return "accepted: " + text;
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("THE PLACE"), Not(HasSubstr(kKey))));
  return result.error().message;
}

TEST(ConnectionString, GivesHostPortAndProtocol) {
  const auto result = parse_connection_string(kWhole, "x");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->bootstrap_servers(), "ns.servicebus.windows.net:9093");
  EXPECT_EQ(result->security_protocol(), "SASL_SSL");
  EXPECT_EQ(result->text, kWhole);
  EXPECT_EQ(result->hub, "");
  EXPECT_FALSE(result->emulator);
}

TEST(ConnectionString, TakesPartsInAnyOrderAndCaseAndIgnoresOthers) {
  const auto result = parse_connection_string(
      "ENTITYPATH=orders;sharedaccesskey=" + std::string(kKey) +
          ";TransportType=Amqp;SharedAccessKeyNAME=send;endpoint=SB://ns.servicebus.chinacloudapi.cn;",
      "x");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->bootstrap_servers(), "ns.servicebus.chinacloudapi.cn:9093");
  EXPECT_EQ(result->hub, "orders");
}

TEST(ConnectionString, TrimsWhiteSpaceAroundItAndKeepsTheRestAsThePassword) {
  const auto result = parse_connection_string("  " + kWhole + ";EntityPath=orders\r\n", "x");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->text, kWhole + ";EntityPath=orders");
}

TEST(ConnectionString, TheEmulatorIsPlainAtPort9092) {
  const auto result =
      parse_connection_string("Endpoint=sb://localhost;" + kPolicy + ";UseDevelopmentEmulator=true;", "x");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->bootstrap_servers(), "localhost:9092");
  EXPECT_EQ(result->security_protocol(), "SASL_PLAINTEXT");
  EXPECT_FALSE(parse_connection_string(kWhole + ";UseDevelopmentEmulator=false", "x")->emulator);
}

TEST(ConnectionString, NamesEveryMissingPart) {
  EXPECT_THAT(refusal("Endpoint=sb://ns/;SharedAccessKeyName=a"), AllOf(HasSubstr("lacks SharedAccessKey:")));
  EXPECT_THAT(refusal("Endpoint=sb://ns/;SharedAccessKey=" + std::string(kKey)),
              HasSubstr("lacks SharedAccessKeyName:"));
  EXPECT_THAT(refusal(kPolicy), HasSubstr("lacks Endpoint:"));
  EXPECT_THAT(refusal("EntityPath=x"), HasSubstr("lacks Endpoint, SharedAccessKeyName, SharedAccessKey:"));
  EXPECT_THAT(refusal("Endpoint=sb://ns/;SharedAccessKeyName=a;SharedAccessKey="), HasSubstr("lacks SharedAccessKey:"));
}

TEST(ConnectionString, ASharedAccessSignatureIsRefusedByName) {
  EXPECT_THAT(refusal("Endpoint=sb://ns/;SharedAccessSignature=SharedAccessSignature sr=x"), HasSubstr("white space"));
  EXPECT_THAT(refusal("Endpoint=sb://ns/;SharedAccessSignature=sr%3dx"),
              AllOf(HasSubstr("SharedAccessSignature"), HasSubstr("does not accept"), Not(HasSubstr("sr%3dx"))));
}

TEST(ConnectionString, AnEndpointIsASchemeAndAHostWithoutPort) {
  EXPECT_THAT(refusal("Endpoint=https://ns/;" + kPolicy), HasSubstr("sb://"));
  EXPECT_THAT(refusal("Endpoint=sb://ns:9093/;" + kPolicy),
              AllOf(HasSubstr("port"), HasSubstr("kafka.bootstrap.servers")));
  EXPECT_THAT(refusal("Endpoint=sb://;" + kPolicy), HasSubstr("sb://HOST/"));
  EXPECT_THAT(refusal("Endpoint=sb://ns/path;" + kPolicy), HasSubstr("sb://HOST/"));
}

TEST(ConnectionString, WhatIsNoConnectionStringIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal(" \n"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("\"" + kWhole + "\""), HasSubstr("quotes"));
  EXPECT_THAT(refusal(kWhole + "\n" + kWhole), HasSubstr("one line"));
  EXPECT_THAT(refusal(kWhole + ";" + kWhole), HasSubstr("twice"));
  EXPECT_THAT(refusal(kKey), HasSubstr("lacks"));
  EXPECT_THAT(refusal("hunter2"), AllOf(HasSubstr("without '='"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace hubferry::config
